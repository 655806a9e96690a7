"""What a job is to an owner, in every state of either side."""

from __future__ import annotations

from typing import Any

import pytest

from data_owner.services.job_view import parse_job_view
from data_owner.services.offer_status import OfferStatus, OwnSide, offer_status
from data_owner.tables import AcceptanceState


def own(world: Any, **changes: Any) -> OwnSide:
    facts = {"address": world.address, "accepted": None, "declined": False, "has_match": True, **changes}
    return OwnSide(**facts)


def view(world: Any, state: str, *, role: str | None = None, other_role: str | None = None) -> Any:
    document = world.post_job().view
    owners = [{"address": "0x" + "dd" * 20, "role": other_role, "row_count": 3}] if other_role else []
    if role:
        owners.append({"address": world.address.lower(), "role": role, "row_count": 3})
    return parse_job_view({**document, "state": state, "owners": owners, "reason": "because"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"has_match": False}, OfferStatus.WAITING),
        ({}, OfferStatus.READY),
        ({"accepted": AcceptanceState.PENDING}, OfferStatus.INITIATED),
        ({"accepted": AcceptanceState.POSTED}, OfferStatus.INITIATED),
        ({"accepted": AcceptanceState.POSTED, "has_match": False}, OfferStatus.INITIATED),
        ({"accepted": AcceptanceState.WITHDRAWN}, OfferStatus.READY),
        ({"accepted": AcceptanceState.REFUSED}, OfferStatus.READY),
        ({"declined": True}, OfferStatus.DECLINED),
        ({"declined": True, "has_match": False}, OfferStatus.DECLINED),
    ],
)
def test_while_a_job_recruits(world: Any, changes: dict[str, Any], expected: OfferStatus) -> None:
    for state in ("posted", "recruiting"):
        assert offer_status(view(world, state), own(world, **changes), 1000)[0] is expected


def test_after_the_time_to_start_nothing_can_be_accepted(world: Any) -> None:
    assert offer_status(view(world, "recruiting"), own(world), 2001)[0] is OfferStatus.MISSED
    committed = own(world, accepted=AcceptanceState.POSTED)
    assert offer_status(view(world, "recruiting"), committed, 2001)[0] is OfferStatus.INITIATED


def test_a_drawn_role_counts_only_once_the_start_is_confirmed(world: Any) -> None:
    committed = own(world, accepted=AcceptanceState.POSTED)
    assert offer_status(view(world, "recruiting", role="trainer"), committed, 1000)[0] is OfferStatus.INITIATED


@pytest.mark.parametrize(
    ("state", "with_role", "without_role", "before_start"),
    [
        ("running", OfferStatus.IN_PROGRESS, OfferStatus.MISSED, OfferStatus.MISSED),
        ("settling", OfferStatus.IN_PROGRESS, OfferStatus.MISSED, OfferStatus.MISSED),
        ("finished", OfferStatus.FINISHED, OfferStatus.MISSED, OfferStatus.MISSED),
        ("cancelled", OfferStatus.CANCELLED, OfferStatus.MISSED, OfferStatus.CANCELLED),
        ("expired", OfferStatus.EXPIRED, OfferStatus.MISSED, OfferStatus.EXPIRED),
        ("failed", OfferStatus.FAILED, OfferStatus.MISSED, OfferStatus.FAILED),
    ],
)
def test_once_a_job_runs_or_has_ended(
    world: Any, state: str, with_role: OfferStatus, without_role: OfferStatus, before_start: OfferStatus
) -> None:
    committed = own(world, accepted=AcceptanceState.POSTED)
    assert offer_status(view(world, state, role="validator"), committed, 1000)[0] is with_role
    assert offer_status(view(world, state, other_role="trainer"), committed, 1000)[0] is without_role
    assert offer_status(view(world, state), own(world), 1000)[0] is before_start


def test_the_aggregators_reason_is_passed_on(world: Any) -> None:
    committed = own(world, accepted=AcceptanceState.POSTED)
    assert offer_status(view(world, "failed", role="trainer"), committed, 1000)[1] == "because"


def test_people_read_it_with_a_space() -> None:
    assert OfferStatus.IN_PROGRESS.label == "IN PROGRESS"
