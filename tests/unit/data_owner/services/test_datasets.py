"""Adding, changing and removing datasets, and what of them leaves the owner."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from commons.errors import Conflict, DatasetInvalid, DeltaMLError, InvalidInput, NotFound
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.datasets import DatasetDetails, catalogue_entry, profile_of
from data_owner.tables import Listing


def test_a_file_is_profiled_where_it_lies(world: Any) -> None:
    path = world.folder / "patients.csv"
    path.write_text("age,ward,y\n30,north,1.5\n41,south,2.5\n")
    added = world.datasets.add(path, DatasetDetails(tags=("health",)))
    assert (added.name, added.row_count, added.tags, added.uploaded) == ("patients", 2, ["health"], False)
    age = profile_of(added).column("age")
    assert age is not None
    assert (age.minimum, age.maximum, age.is_numeric) == (30, 41, True)
    assert [dataset.id for dataset in world.datasets.list()] == [added.id]


def test_the_catalogue_gets_names_types_and_the_row_count_but_no_value(world: Any) -> None:
    path = world.folder / "patients.csv"
    path.write_text("age,ward,y\n31416,norther,27182.75\n41592,souther,28182.75\n")
    entry = catalogue_entry(world.datasets.add(path, DatasetDetails(description="d")))
    assert entry == {
        "name": "patients",
        "description": "d",
        "tags": [],
        "columns": [
            {"name": "age", "type": "integer"},
            {"name": "ward", "type": "text"},
            {"name": "y", "type": "number"},
        ],
        "row_count": 2,
    }
    assert not any(value in json.dumps(entry) for value in ("31416", "41592", "27182", "norther"))


def test_a_file_that_is_not_there_is_named(world: Any) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        world.datasets.add(world.folder / "nowhere.csv", DatasetDetails())


def test_what_is_wrong_with_a_file_belongs_to_the_field_that_names_it(world: Any) -> None:
    path = world.write_rows()
    world.datasets.add(path, DatasetDetails())
    unusable = world.folder / "ragged.csv"
    unusable.write_text("a,y\n1,2\n3\n")
    for wrong in (
        path,
        unusable,
        world.folder,
        world.folder / "nowhere.csv",
        Path("/a\0b.csv"),
        Path("~nobody-here/x.csv"),
    ):
        with pytest.raises(DeltaMLError) as caught:
            world.datasets.add(wrong, DatasetDetails())
        assert caught.value.fields["field"] == "path"
    with pytest.raises(DatasetInvalid) as refused:
        world.datasets.add_upload("a.csv", lambda stored: stored.write_bytes(unusable.read_bytes()), DatasetDetails())
    assert refused.value.fields["field"] == "file"


def test_of_files_elsewhere_nothing_is_said_whatever_they_are(
    world: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "rows.csv").write_text("a,y\n1,2\n")
    (elsewhere / "loop.csv").symlink_to("loop.csv")
    (world.folder / "out.csv").symlink_to(elsewhere / "rows.csv")
    (world.folder / "dangling.csv").symlink_to(elsewhere / "nothing.csv")
    (world.folder / "loop.csv").symlink_to("loop.csv")
    paths = [elsewhere / name for name in ("rows.csv", "nothing.csv", "loop.csv", "")]
    paths += [world.folder / name for name in ("out.csv", "dangling.csv", "loop.csv")]
    paths += [world.folder / ".." / elsewhere.name / "rows.csv"]
    paths += [Path(text) for text in ("~root/x.csv", "~nobody-here/x.csv", "x.csv")]
    refusals = set()
    for path in paths:
        with pytest.raises(DatasetInvalid) as caught:
            world.datasets.add(path, DatasetDetails())
        refusals.add((caught.value.message, tuple(sorted(caught.value.fields.items()))))
    assert len(refusals) == 1
    assert world.datasets.list() == []


def test_a_file_that_leaves_the_folders_later_is_not_read(world: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = world.write_rows()
    world.datasets.add(path, DatasetDetails())
    moved = path.rename(tmp_path_factory.mktemp("elsewhere") / "rows.csv")
    path.symlink_to(moved)
    world.post_job(7)
    with pytest.raises(DatasetInvalid, match="only below the folders"):
        world.acceptances.accept(7, AcceptRequest())


@pytest.mark.parametrize("name", ["a\0b.csv", "\0.csv"])
def test_a_name_that_cannot_be_stored_is_refused(world: Any, name: str) -> None:
    with pytest.raises(InvalidInput, match="must not hold the character NUL"):
        world.datasets.add_upload(name, lambda path: path.write_text("a,y\n1,2\n"), DatasetDetails())


def test_an_unusable_file_is_not_kept(world: Any) -> None:
    path = world.folder / "ragged.csv"
    path.write_text("a,y\n1,2\n3\n")
    with pytest.raises(DatasetInvalid, match="row 2"):
        world.datasets.add(path, DatasetDetails())
    assert world.datasets.list() == []


def test_the_same_file_is_added_once_whatever_its_path_is_spelt_like(world: Any) -> None:
    path = world.write_rows()
    world.datasets.add(path, DatasetDetails(name="mine"))
    with pytest.raises(Conflict, match="'mine'"):
        world.datasets.add(path.parent / "x" / ".." / path.name, DatasetDetails())


def test_an_upload_is_kept_under_a_name_of_the_services_own(world: Any) -> None:
    added = world.datasets.add_upload(
        "../../evil name.CSV", lambda path: path.write_text("a,y\n1,2\n3,4\n"), DatasetDetails()
    )
    stored = Path(added.path)
    assert stored.parent == world.folder / "uploads"
    assert stored.suffix == ".csv"
    assert "evil" not in stored.name
    assert added.name == "evil name"


def test_an_upload_is_for_this_user_alone_whatever_the_umask(world: Any) -> None:
    before = os.umask(0)
    try:
        added = world.datasets.add_upload("a.csv", lambda path: path.write_text("a,y\n1,2\n"), DatasetDetails())
    finally:
        os.umask(before)
    stored = Path(added.path)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (stored.parent, stored)] == [0o700, 0o600]


def test_an_upload_that_is_unusable_leaves_no_file(world: Any) -> None:
    with pytest.raises(DatasetInvalid):
        world.datasets.add_upload("a.csv", lambda path: path.write_text("a,a\n1,2\n"), DatasetDetails())
    with pytest.raises(InvalidInput, match=r"expected \.csv or \.parquet"):
        world.datasets.add_upload("a.xlsx", lambda path: path.write_text("a\n1\n"), DatasetDetails())
    assert list((world.folder / "uploads").iterdir()) == []


def test_what_is_wrong_with_an_upload_is_said_of_the_name_that_the_uploader_gave_it(world: Any) -> None:
    with pytest.raises(DatasetInvalid) as caught:
        world.datasets.add_upload("ward 7.csv", lambda path: path.write_text("a,y\n1\n"), DatasetDetails())
    assert caught.value.message.startswith("ward 7.csv: row 1")
    assert caught.value.fields["file"] == "ward 7.csv"
    assert str(world.folder) not in caught.value.message


def test_an_update_changes_what_was_given_and_is_due_at_the_catalogue(world: Any) -> None:
    dataset_id = world.add_rows()
    world.deliveries.deliver_all()
    world.datasets.update(dataset_id, DatasetDetails(description="new", tags=("t",)))
    updated = world.datasets.get(dataset_id)
    assert (updated.name, updated.description, updated.tags) == ("rows", "new", ["t"])
    assert updated.listing is Listing.PENDING


def test_removing_deletes_an_upload_but_never_the_owners_own_file(world: Any) -> None:
    own = world.write_rows()
    own_id = world.datasets.add(own, DatasetDetails()).id
    upload = world.datasets.add_upload("u.csv", lambda path: path.write_text("a,y\n1,2\n3,4\n"), DatasetDetails())
    for dataset_id in (own_id, upload.id):
        world.datasets.remove(dataset_id)
    assert own.exists()
    assert not Path(upload.path).exists()
    assert world.datasets.list() == []
    with pytest.raises(NotFound):
        world.datasets.get(own_id)
    assert world.datasets.add(own, DatasetDetails()).id != own_id


def test_a_dataset_in_use_is_not_removed_until_the_job_has_ended(world: Any) -> None:
    dataset_id = world.add_rows()
    job = world.post_job(7)
    world.acceptances.accept(7, AcceptRequest())
    with pytest.raises(Conflict, match="job 7"):
        world.datasets.remove(dataset_id)
    job.view["state"] = "finished"
    world.known_jobs.refresh()
    world.datasets.remove(dataset_id)
    assert world.datasets.list() == []
