import itertools

import pytest

from commons.errors import Conflict
from commons.market.state import ENDED, JobState, require_move

ALLOWED = {
    JobState.POSTED: {JobState.RECRUITING, JobState.CANCELLED, JobState.FAILED},
    JobState.RECRUITING: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    JobState.RUNNING: {JobState.SETTLING, JobState.EXPIRED, JobState.FAILED},
    JobState.SETTLING: {JobState.FINISHED, JobState.EXPIRED, JobState.FAILED},
    JobState.FAILED: {JobState.FINISHED, JobState.EXPIRED, JobState.CANCELLED},
    JobState.FINISHED: set(),
    JobState.CANCELLED: set(),
    JobState.EXPIRED: set(),
}


@pytest.mark.parametrize(("state", "target"), list(itertools.product(JobState, JobState)))
def test_only_the_drawn_transitions_are_possible(state, target):
    if target in ALLOWED[state]:
        require_move(state, target)
    else:
        with pytest.raises(Conflict, match=f"a job that is {state} cannot become {target}"):
            require_move(state, target)


def test_ended_states_are_those_without_work_left_here():
    assert {JobState.FINISHED, JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED} == ENDED
