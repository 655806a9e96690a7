"""Files are read below the folders that were named, whatever leads out of them, and nothing is said of those elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commons.errors import DatasetInvalid, NotFound
from data_owner.adapters.data_files import open_data_file, opening
from data_owner.domain.dataset_profile import profile_blocks

ROWS = "a,y\n1,2\n3,4\n"
OUTSIDE = "this service reads files only below the folders that its operator has named"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "named" / "deep").mkdir(parents=True)
    (tmp_path / "named" / "rows.csv").write_text(ROWS)
    (tmp_path / "named" / "deep" / "rows.csv").write_text(ROWS)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "rows.csv").write_text(ROWS)
    (tmp_path / "elsewhere" / "secret").write_text("key")
    return tmp_path / "named"


def refused(path: Path, *folders: Path) -> str:
    with pytest.raises(DatasetInvalid) as caught:
        open_data_file(path, folders)
    return caught.value.message


def test_files_below_a_named_folder_are_read(folder: Path) -> None:
    for path in (folder / "rows.csv", folder / "deep" / "rows.csv"):
        assert profile_blocks(open_data_file(path, [folder]).blocks()).row_count == 2


def test_a_named_folder_may_be_a_link(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert open_data_file(folder / "rows.csv", [link]).column_names == ("a", "y")


def test_what_lies_elsewhere_is_refused_alike_whatever_it_is(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "loop").symlink_to("loop")
    os.mkfifo(elsewhere / "pipe.csv")
    paths = [
        elsewhere / "rows.csv",
        elsewhere / "secret",
        elsewhere / "nothing.csv",
        elsewhere / "nothing" / "rows.csv",
        elsewhere / "loop",
        elsewhere / "pipe.csv",
        elsewhere,
        folder.parent,
        Path("/etc/passwd"),
        Path("/dev/zero"),
        Path("/proc/self/environ"),
        Path(f"{folder}-not/rows.csv"),
        folder / ".." / "elsewhere" / "rows.csv",
    ]
    assert {refused(path, folder) for path in paths} == {refused(paths[0], folder)}
    assert refused(paths[0], folder).startswith(OUTSIDE)
    assert refused(folder / "rows.csv") == refused(paths[0], folder)


@pytest.mark.parametrize("target", ["elsewhere/rows.csv", "elsewhere/nothing.csv", "named/rows.csv"])
def test_a_link_that_is_put_in_the_place_of_a_file_leads_nowhere(folder: Path, target: str) -> None:
    data_file = open_data_file(folder / "deep" / "rows.csv", [folder])
    (folder / "deep" / "rows.csv").unlink()
    (folder / "deep" / "rows.csv").symlink_to(folder.parent / target)
    with pytest.raises(DatasetInvalid, match=OUTSIDE):
        next(data_file.blocks())


@pytest.mark.parametrize("target", ["elsewhere", "nothing", "named"])
def test_a_link_that_is_put_in_the_place_of_a_folder_leads_nowhere(folder: Path, target: str) -> None:
    data_file = open_data_file(folder / "deep" / "rows.csv", [folder])
    (folder / "deep").rename(folder / "moved")
    (folder / "deep").symlink_to(folder.parent / target)
    with pytest.raises(DatasetInvalid, match=OUTSIDE):
        next(data_file.blocks())


def test_a_link_that_comes_between_looking_and_opening_leads_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_stat, path = os.stat, folder / "rows.csv"

    def swap(name: str, **options: object) -> os.stat_result:
        found = real_stat(name, **options)
        path.unlink()
        path.symlink_to(folder.parent / "elsewhere" / "rows.csv")
        return found

    monkeypatch.setattr(opening.os, "stat", swap)
    assert refused(path, folder).startswith(OUTSIDE)


def test_a_missing_file_below_a_named_folder_is_named(folder: Path) -> None:
    for path in (folder / "nothing.csv", folder / "nothing" / "rows.csv"):
        with pytest.raises(NotFound, match="nothing"):
            open_data_file(path, [folder])


def test_pipes_folders_and_files_without_permission_are_no_data(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    assert "no ordinary file" in refused(folder / "pipe.csv", folder)
    assert "is a folder" in refused(folder / "deep", folder)
    assert "is a folder" in refused(folder, folder)


def test_no_descriptor_is_left_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    list(open_data_file(folder / "deep" / "rows.csv", [folder]).blocks())
    for path in (folder / "nothing" / "x.csv", folder / "deep", folder.parent / "elsewhere"):
        with pytest.raises((DatasetInvalid, NotFound)):
            open_data_file(path, [folder])
    assert len(os.listdir("/proc/self/fd")) == before
