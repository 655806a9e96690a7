import pytest
from eth_account import Account
from pydantic import ValidationError
from sqlalchemy import select

from commons.errors import Conflict, NotAllowed
from commons.market.catalogue import MOST_ENTRY_BYTES, CatalogueEntry
from federated_aggregator.services import catalogue as catalogue_module
from federated_aggregator.services.catalogue import DatasetFilter
from federated_aggregator.tables import CatalogueDataset, DatasetTag, Participant

ONE, OTHER = str(Account.create().address), str(Account.create().address)
EVERYTHING = DatasetFilter()


def entry(**changes):
    said = {
        "name": "Clinic north",
        "tags": ["health"],
        "columns": [{"name": "age", "type": "double"}],
        "row_count": 89,
    }
    return CatalogueEntry.model_validate(said | changes)


def listed(catalogue, wanted=EVERYTHING, **page):
    return [row.dataset_id for row in catalogue.find(wanted, **{"limit": 50, **page}).page]


def test_a_participant_can_rename_itself(play):
    catalogue = play.aggregator.catalogue
    catalogue.register(ONE, kind="data_owner", name="north")
    catalogue.register(ONE, kind="data_owner", name="North Clinic")
    with play.database.snapshot() as session:
        (row,) = session.scalars(select(Participant))
    assert (row.address, row.kind, row.name, row.created_at) == (ONE, "data_owner", "North Clinic", play.clock.now)


def test_datasets_are_listed_the_newest_first(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry())
    play.clock.now += 1
    catalogue.put_dataset(OTHER, "b", entry(name="Clinic south"))
    play.clock.now += 1
    catalogue.put_dataset(ONE, "a", entry(row_count=90))
    assert [(row.dataset_id, row.owner, row.row_count) for row in catalogue.find(EVERYTHING, limit=5).page] == [
        ("a", ONE, 90),
        ("b", OTHER, 89),
    ]


def test_a_dataset_is_changed_and_removed_by_its_owner_alone(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry())
    with pytest.raises(NotAllowed, match="dataset a belongs to another owner"):
        catalogue.put_dataset(OTHER, "a", entry())
    with pytest.raises(NotAllowed, match="dataset a belongs to another owner"):
        catalogue.delete_dataset(OTHER, "a")
    assert [row.owner for row in catalogue.find(EVERYTHING, limit=5).page] == [ONE]
    for _ in range(2):
        catalogue.delete_dataset(ONE, "a")
    assert listed(catalogue) == []


def test_datasets_come_in_pages_that_count_them_all(play):
    catalogue = play.aggregator.catalogue
    for number in range(5):
        catalogue.put_dataset(ONE, f"d{number}", entry(tags=[f"t{number}"]))
        play.clock.now += 1
    assert listed(catalogue, limit=2) == ["d4", "d3"]
    assert listed(catalogue, limit=2, offset=4) == ["d0"]
    assert catalogue.find(EVERYTHING, limit=2, offset=9).total == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("STRASSE", ["a"]),
        ("straße", ["a"]),
        ("cafe\u0301", ["b"]),
        ("CAF\u00c9", ["b"]),
        ("ΣΊΣΥΦΟΣ", ["c"]),
        ("100%", ["c"]),
        ("0%x", []),
        ("a_b", ["b"]),
        ("\\", ["a"]),
        ("/", []),
        ("' OR 1=1 --", []),
        ("wind speed", ["a"]),
    ],
)
def test_a_text_is_found_in_whatever_case_and_taken_as_it_is(play, query, found):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry(name="Hauptstraße \\ 7", columns=[{"name": "Wind Speed", "type": "number"}]))
    catalogue.put_dataset(ONE, "b", entry(description="café a_b", tags=[]))
    catalogue.put_dataset(ONE, "c", entry(tags=["σίσυφος", "100% cotton"]))
    assert listed(catalogue, DatasetFilter(query)) == found


def test_tags_are_counted_by_the_database_whatever_their_case(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry(tags=["Health", "HEALTH", "clinic"]))
    catalogue.put_dataset(ONE, "b", entry(tags=["health"], description="of wards"))
    catalogue.put_dataset(OTHER, "c", entry(tags=["energy"], description="of wards"))
    assert catalogue.tags("") == {"Health": 2, "clinic": 1, "energy": 1}
    assert catalogue.tags("wards") == {"health": 1, "energy": 1}
    assert sorted(listed(catalogue, DatasetFilter(tags=["hEALTH"]))) == ["a", "b"]
    assert listed(catalogue, DatasetFilter(tags=["health", "Clinic"])) == ["a"]


def test_only_the_most_frequent_tags_are_shown(play, monkeypatch):
    monkeypatch.setattr(catalogue_module, "MOST_TAGS_SHOWN", 2)
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry(tags=["x", "y", "z"]))
    catalogue.put_dataset(ONE, "b", entry(tags=["z", "y"]))
    assert catalogue.tags("") == {"y": 2, "z": 2}


def test_an_account_has_so_many_datasets_and_no_more(play, monkeypatch):
    monkeypatch.setattr(catalogue_module, "MOST_ENTRIES", 2)
    catalogue = play.aggregator.catalogue
    for name in ("a", "b"):
        catalogue.put_dataset(ONE, name, entry())
    with pytest.raises(Conflict, match="this account has 2 datasets in the catalogue; expected at most 2"):
        catalogue.put_dataset(ONE, "c", entry())
    catalogue.put_dataset(ONE, "b", entry(row_count=1))
    catalogue.put_dataset(OTHER, "c", entry())
    catalogue.delete_dataset(ONE, "a")
    catalogue.put_dataset(ONE, "d", entry())
    assert sorted(listed(catalogue)) == ["b", "c", "d"]


def test_an_account_has_so_many_bytes_and_no_more(play, monkeypatch):
    catalogue, one = play.aggregator.catalogue, entry(description="x" * 1000)
    monkeypatch.setattr(catalogue_module, "MOST_BYTES", 2 * one.size_bytes)
    for name in ("a", "b"):
        catalogue.put_dataset(ONE, name, one)
    with pytest.raises(Conflict, match=f"would take {2 * one.size_bytes + entry().size_bytes} bytes"):
        catalogue.put_dataset(ONE, "c", entry())
    with pytest.raises(Conflict, match="bytes in the catalogue"):
        catalogue.put_dataset(ONE, "b", entry(description="x" * 1001))
    catalogue.put_dataset(ONE, "b", entry())
    assert sorted(listed(catalogue)) == ["a", "b"]


def test_an_entry_as_a_whole_is_bounded():
    columns = [{"name": f"{number:0200}", "type": "number"} for number in range(600)]
    with pytest.raises(ValidationError, match=f"expected at most {MOST_ENTRY_BYTES}, with shorter names"):
        entry(columns=columns)
    assert entry(columns=columns[:400]).size_bytes < MOST_ENTRY_BYTES


def test_with_a_dataset_its_tags_go(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", entry(tags=["x", "y"]))
    catalogue.put_dataset(ONE, "a", entry(tags=["y"]))
    with play.database.snapshot() as session:
        assert list(session.scalars(select(DatasetTag.tag))) == ["y"]
    catalogue.delete_dataset(ONE, "a")
    with play.database.snapshot() as session:
        assert list(session.scalars(select(DatasetTag))) == []
        assert list(session.scalars(select(CatalogueDataset))) == []
