import pytest

from commons.errors import InvalidInput, ProtocolViolation
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS
from commons.market.roles import Role, draw_roles
from model_buyer.domain.participant_limits import MAX_PARTICIPANTS, require_enough_owners, require_placeable


def draw(count: int) -> tuple[int, int]:
    roles = draw_roles({f"0x{index:040x}": Role.EITHER for index in range(count)}, 7)
    return len(roles.trainers), len(roles.validators)


def test_the_most_owners_are_just_those_that_a_draw_can_place() -> None:
    for count in range(2, MAX_PARTICIPANTS + 1):
        trainers, validators = draw(count)
        assert 1 <= trainers <= MAX_TRAINERS
        assert 1 <= validators <= MAX_VALIDATORS
    trainers, validators = draw(MAX_PARTICIPANTS + 1)
    assert trainers > MAX_TRAINERS or validators > MAX_VALIDATORS


def test_asking_for_more_owners_is_refused_with_the_field() -> None:
    require_placeable(MAX_PARTICIPANTS)
    with pytest.raises(InvalidInput, match="min_owners") as raised:
        require_placeable(MAX_PARTICIPANTS + 1)
    assert raised.value.fields["field"] == "min_owners"


def test_a_job_started_with_fewer_owners_than_agreed_is_refused() -> None:
    require_enough_owners(5, 3, 2)
    with pytest.raises(ProtocolViolation, match="started with 4 owners; 5 are the least"):
        require_enough_owners(5, 3, 1)
