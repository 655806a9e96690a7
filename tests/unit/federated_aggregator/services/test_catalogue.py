import pytest
from eth_account import Account
from sqlalchemy import select

from commons.errors import NotAllowed
from federated_aggregator.adapters.tables import Participant

ONE, OTHER = str(Account.create().address), str(Account.create().address)
METADATA = {
    "name": "Clinic north",
    "description": "",
    "tags": ["health"],
    "columns": [{"name": "age", "type": "double"}],
    "row_count": 89,
}


def test_a_participant_can_rename_itself(play):
    catalogue = play.aggregator.catalogue
    catalogue.register(ONE, kind="data_owner", name="north")
    catalogue.register(ONE, kind="data_owner", name="North Clinic")
    with play.database.snapshot() as session:
        (row,) = session.scalars(select(Participant))
    assert (row.address, row.kind, row.name, row.created_at) == (ONE, "data_owner", "North Clinic", play.clock.now)


def test_datasets_are_listed_the_newest_first(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", METADATA)
    play.clock.now += 1
    catalogue.put_dataset(OTHER, "b", METADATA | {"name": "Clinic south"})
    play.clock.now += 1
    catalogue.put_dataset(ONE, "a", METADATA | {"row_count": 90})
    assert [(row.dataset_id, row.owner, row.row_count) for row in catalogue.datasets()] == [
        ("a", ONE, 90),
        ("b", OTHER, 89),
    ]


def test_a_dataset_is_changed_and_removed_by_its_owner_alone(play):
    catalogue = play.aggregator.catalogue
    catalogue.put_dataset(ONE, "a", METADATA)
    with pytest.raises(NotAllowed, match="dataset a belongs to another owner"):
        catalogue.put_dataset(OTHER, "a", METADATA)
    with pytest.raises(NotAllowed, match="dataset a belongs to another owner"):
        catalogue.delete_dataset(OTHER, "a")
    assert [row.owner for row in catalogue.datasets()] == [ONE]
    for _ in range(2):
        catalogue.delete_dataset(ONE, "a")
    assert catalogue.datasets() == []
