import pytest

from commons.computations.job_facts import RoleRule
from commons.errors import InvalidInput, ProtocolViolation
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS
from commons.market.roles import Role, draw_roles, trainer_count
from model_buyer.domain.participant_limits import (
    ParticipantLimits,
    limits,
    most_owners,
    require_agreed_owners,
    require_placeable,
)

USUAL = RoleRule(trainer_count)
ALL_BUT_ONE = RoleRule(lambda owners: owners - 1, may_choose=False, exact=True)


def draw(count: int, roles: RoleRule) -> tuple[int, int]:
    drawn = draw_roles({f"0x{index:040x}": Role.EITHER for index in range(count)}, 7, roles.n_trainers)
    return len(drawn.trainers), len(drawn.validators)


@pytest.mark.parametrize("roles", [USUAL, ALL_BUT_ONE])
def test_the_most_owners_are_just_those_that_a_draw_can_place(roles: RoleRule) -> None:
    most = most_owners(roles)
    for count in range(2, most + 1):
        trainers, validators = draw(count, roles)
        assert 1 <= trainers <= MAX_TRAINERS
        assert 1 <= validators <= MAX_VALIDATORS
    trainers, validators = draw(most + 1, roles)
    assert trainers > MAX_TRAINERS or validators > MAX_VALIDATORS


@pytest.mark.parametrize("roles", [USUAL, ALL_BUT_ONE])
def test_asking_for_more_owners_is_refused_with_the_field(roles: RoleRule) -> None:
    require_placeable(most_owners(roles), roles)
    with pytest.raises(InvalidInput, match="min_owners") as raised:
        require_placeable(most_owners(roles) + 1, roles)
    assert raised.value.fields["field"] == "min_owners"


def test_a_job_started_with_fewer_owners_than_agreed_is_refused() -> None:
    require_agreed_owners(5, 5, USUAL)
    require_agreed_owners(5, 6, USUAL)
    with pytest.raises(ProtocolViolation, match="started with 4 owners; 5 are the least"):
        require_agreed_owners(5, 4, USUAL)


def test_where_the_number_is_exact_more_owners_are_refused_too() -> None:
    require_agreed_owners(5, 5, ALL_BUT_ONE)
    for owners in (4, 6):
        with pytest.raises(ProtocolViolation, match=f"started with {owners} owners"):
            require_agreed_owners(5, owners, ALL_BUT_ONE)


def test_the_contract_is_asked_for_what_is_known_of_roles_beforehand() -> None:
    assert limits(5, USUAL) == ParticipantLimits(1, 1, most_owners(USUAL))
    assert limits(5, ALL_BUT_ONE) == ParticipantLimits(4, 1, 5)
    assert limits(5, RoleRule(trainer_count, exact=True)) == ParticipantLimits(1, 1, 5)
