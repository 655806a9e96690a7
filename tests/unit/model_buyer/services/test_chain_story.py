"""What confirmed events say of a job."""

from __future__ import annotations

from typing import Any

from commons.storage.database import Database
from model_buyer.services.chain_story import happened
from model_buyer.tables import ContractEvent


def test_events_of_the_contract_become_milestones_in_their_order(database: Database) -> None:
    def event(place: int, name: str, **arguments: Any) -> ContractEvent:
        return ContractEvent(
            block_number=place,
            block_hash="0x" + "00" * 32,
            block_time=1000 + place,
            log_index=0,
            tx_hash=f"0x{place:064x}",
            name=name,
            job_id=7,
            account=None,
            arguments={"jobId": "7", **arguments},
        )

    with database.session() as session:
        session.add(event(4, "CheckpointRecorded", index="2", round="20", last=True))
        session.add(event(3, "CheckpointRecorded", index="1", round="10", last=False))
        session.add(event(1, "JobCreated"))
        session.add(event(5, "Credited", amount="5"))
        session.add(event(2, "AcceptanceRevoked"))
    with database.snapshot() as session:
        found = happened(session, 7)
        assert happened(session, 8) == ()
    assert [(one.code.value, one.round, one.checkpoint) for one in found] == [
        ("escrowed", None, None),
        ("checkpoint", 10, 1),
        ("delivered", 20, 2),
    ]
    assert (found[1].at, found[1].tx_hash) == (1003, f"0x{3:064x}")
