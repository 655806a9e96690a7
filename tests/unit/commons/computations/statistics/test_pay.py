"""All owners get equal parts, as near as whole basis points come to that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.statistics import STATISTICS
from commons.computations.statistics.pay import MAX_OWNERS, equal_parts, require_equal_parts
from commons.errors import InvalidInput
from commons.market.job_terms import PayTerms
from tests.unit.commons.computations.statistics.conftest import terms_of

OWNERS = st.integers(3, MAX_OWNERS)


def gap(pay: PayTerms, owners: int) -> float:
    return abs(pay.validator_bps - pay.trainer_bps / (owners - 1))


@pytest.mark.parametrize(
    ("owners", "bps"), [(3, (6000, 3000)), (4, (6750, 2250)), (7, (7714, 1286)), (101, (8911, 89))]
)
def test_the_owners_share_in_equal_parts(owners, bps):
    pay = STATISTICS.pay_terms(owners)
    assert (pay.trainer_bps, pay.validator_bps, pay.aggregator_bps) == (*bps, 1000)


@given(owners=OWNERS, aggregator_bps=st.integers(0, 10_000))
def test_no_other_division_differs_less_and_it_is_accepted(owners, aggregator_bps):
    pay = equal_parts(owners, aggregator_bps=aggregator_bps)
    assert pay.trainer_bps + pay.validator_bps + pay.aggregator_bps == 10_000
    for other in (pay.validator_bps - 1, pay.validator_bps + 1):
        trainer_bps = 10_000 - aggregator_bps - other
        if other >= 0 and trainer_bps >= 0:
            shares = PayTerms(trainer_bps=trainer_bps, validator_bps=other, aggregator_bps=aggregator_bps)
            assert gap(pay, owners) <= gap(shares, owners) + 1e-9
    require_equal_parts(terms_of(owners, pay=pay))


@given(owners=OWNERS, trainer_bps=st.integers(0, 9000), validator_bps=st.integers(0, 1000))
def test_what_differs_by_more_than_a_basis_point_is_refused(owners, trainer_bps, validator_bps):
    pay = PayTerms(trainer_bps=trainer_bps, validator_bps=validator_bps, aggregator_bps=0)
    terms = terms_of(owners, pay=pay)
    if gap(pay, owners) <= 1:
        require_equal_parts(terms)
        return
    with pytest.raises(InvalidInput) as caught:
        require_equal_parts(terms)
    assert caught.value.fields["field"] == "pay"


def test_the_usual_shares_of_a_training_job_are_refused_with_the_right_ones():
    with pytest.raises(InvalidInput, match="expected trainer_bps 6750 and validator_bps 2250"):
        require_equal_parts(terms_of(4, pay=PayTerms()))


@pytest.mark.parametrize("owners", [2, MAX_OWNERS + 1, 140])
def test_too_few_and_too_many_owners_are_refused(owners):
    with pytest.raises(InvalidInput) as caught:
        require_equal_parts(terms_of(owners))
    assert caught.value.fields["field"] == "min_owners"
