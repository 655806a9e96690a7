import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.errors import InvalidInput
from commons.market.contribution import contribution_share, leave_one_out_contributions

errors = st.integers(0, 2**128)


def test_gains_add_up_and_losses_count_as_zero():
    assert leave_one_out_contributions([(100, [130, 90, 100]), (80, [85, 70, 200])]) == [35, 0, 120]


def test_huge_integers_stay_exact():
    huge = 10**40
    assert leave_one_out_contributions([(huge, [huge + 1, 2 * huge])]) == [1, huge]


def test_no_checkpoint_gives_no_contributions():
    assert leave_one_out_contributions([]) == []


@given(st.lists(st.tuples(errors, st.lists(errors, min_size=3, max_size=3)), min_size=1, max_size=6))
def test_contributions_are_additive_over_checkpoints_and_never_negative(checkpoints):
    total = leave_one_out_contributions(checkpoints)
    each = [leave_one_out_contributions([checkpoint]) for checkpoint in checkpoints]
    assert total == [sum(column) for column in zip(*each, strict=True)]
    assert min(total) >= 0


@given(errors, st.permutations(range(4)), st.lists(errors, min_size=4, max_size=4))
def test_contributions_follow_their_trainer(mse, order, without):
    plain = leave_one_out_contributions([(mse, without)])
    assert leave_one_out_contributions([(mse, [without[t] for t in order])]) == [plain[t] for t in order]


def test_checkpoints_that_disagree_on_the_trainers_are_refused():
    with pytest.raises(InvalidInput, match="checkpoint 2 has 1 leave-one-out errors; expected 2"):
        leave_one_out_contributions([(1, [1, 2]), (1, [1])])


@pytest.mark.parametrize("checkpoint", [(-1, [1]), (1, [-1])])
def test_errors_below_zero_are_refused(checkpoint):
    with pytest.raises(InvalidInput, match="below zero"):
        leave_one_out_contributions([checkpoint])


def test_a_share_is_a_part_of_all_contributions_and_there_is_none_of_nothing():
    assert [contribution_share([3, 0, 1], place) for place in range(3)] == [0.75, 0, 0.25]
    assert contribution_share([0, 0], 0) is None
