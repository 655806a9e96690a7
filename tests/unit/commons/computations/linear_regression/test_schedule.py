import itertools

import pytest

from commons.computations.linear_regression.schedule import Progress, Step, advance, move, should_stop_early
from commons.errors import Conflict
from commons.market.state import ENDED, JobState

CHECKPOINT_STEPS = [Step.EVALUATE, Step.SQUARE, Step.UNMASK, Step.OPEN]


def walk(spec, can_train, stop_at=None):
    """All places of a job from its start to settling; `stop_at` is the checkpoint at which early stopping ends it."""
    progress = move(Progress(JobState.RECRUITING), JobState.RUNNING)
    places = []
    while progress.state is JobState.RUNNING:
        places.append(progress)
        assert len(places) < 12 * (spec.rounds + 2), "the job never ends"
        stop = progress.step is Step.OPEN and progress.checkpoint == stop_at
        progress = advance(progress, spec, can_train=can_train, stop=stop)
    return places, progress


def specs(make_spec):
    for rounds, every in itertools.product(range(1, 7), range(1, 8)):
        yield make_spec(rounds=rounds, evaluate_every=every)


def test_every_job_trains_each_round_once_evaluates_as_specified_and_settles(make_spec):
    for spec in specs(make_spec):
        at = [n for n in range(spec.rounds + 1) if n % spec.evaluate_every == 0 or n == spec.rounds]
        for fits in itertools.product([True, False], repeat=spec.rounds):
            places, end = walk(spec, lambda number, fits=fits: fits[number - 1])
            assert end.state is JobState.SETTLING
            assert end.step is None
            trained = [one.round for one in places if one.step is Step.TRAIN]
            assert trained == list(range(1, spec.rounds + 1))
            for step in CHECKPOINT_STEPS:
                assert [(one.round, one.checkpoint) for one in places if one.step is step] == [
                    (number, index) for index, number in enumerate(at)
                ]
            assert [one.step for one in places].count(Step.DELIVER) == 1
            assert places[-1].step is Step.DELIVER
            assert [one.last for one in places].count(True) == 1
            refreshed = [one.round for one in places if one.step is Step.REFRESH]
            between = [n for n in range(1, spec.rounds) if n not in at and not fits[n]]
            assert refreshed == sorted([*at[1:], *between])


def test_steps_of_a_checkpoint_follow_in_their_order(make_spec):
    places, _ = walk(make_spec(rounds=2, evaluate_every=2), lambda _: True)
    assert [(one.round, one.checkpoint, one.step) for one in places] == [
        (0, 0, Step.EVALUATE),
        (0, 0, Step.SQUARE),
        (0, 0, Step.UNMASK),
        (0, 0, Step.OPEN),
        (1, 1, Step.TRAIN),
        (2, 1, Step.TRAIN),
        (2, 1, Step.REFRESH),
        (2, 1, Step.EVALUATE),
        (2, 1, Step.SQUARE),
        (2, 1, Step.UNMASK),
        (2, 1, Step.OPEN),
        (2, 1, Step.DELIVER),
    ]


def test_early_stopping_ends_a_job_at_any_of_its_checkpoints(make_spec):
    for spec in specs(make_spec):
        at = [n for n in range(spec.rounds + 1) if spec.is_checkpoint(n)]
        for index, number in enumerate(at):
            places, end = walk(spec, lambda _: True, stop_at=index)
            assert end.state is JobState.SETTLING
            assert (places[-1].step, places[-1].round, places[-1].checkpoint) == (Step.DELIVER, number, index)
            assert [one.round for one in places if one.step is Step.TRAIN] == list(range(1, number + 1))


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
    before = Progress(state, step=Step.OPEN, round=3, checkpoint=1)
    if target in ALLOWED[state]:
        after = move(before, target)
        assert (after.state, after.round, after.checkpoint) == (target, 3, 1)
        assert after.step is (Step.EVALUATE if target is JobState.RUNNING else None)
    else:
        with pytest.raises(Conflict, match=f"a job that is {state} cannot become {target}"):
            move(before, target)


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.RUNNING])
def test_a_job_that_is_not_running_has_no_step_to_finish(make_spec, state):
    with pytest.raises(Conflict, match=f"a job that is {state} has no step"):
        advance(Progress(state, step=Step.TRAIN), make_spec(), can_train=lambda _: True)


def test_a_running_job_between_steps_cannot_be_advanced(make_spec):
    with pytest.raises(Conflict):
        advance(Progress(JobState.RUNNING), make_spec(), can_train=lambda _: True)


def test_ended_states_are_those_without_work_left_here():
    assert {JobState.FINISHED, JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED} == ENDED


@pytest.mark.parametrize(
    ("mses", "patience", "minimum", "stops"),
    [
        ([100], 1, 0.01, False),
        ([100, 98], 1, 0.01, False),
        ([100, 99.5], 1, 0.01, True),
        ([100, 99], 1, 0.01, False),
        ([100, 101], 1, 0.01, True),
        ([100, 90, 89.9, 89.8], 2, 0.01, True),
        ([100, 90, 89.9, 85], 2, 0.01, False),
        ([100, 90, 95], 2, 0.01, False),
        # The best before counts, not the latest: one bad checkpoint makes no room for a worse model.
        ([100, 50, 80, 60, 55], 2, 0.0, True),
        ([100, 100], 1, 0.0, False),
        ([0, 0], 1, 0.5, False),
    ],
)
def test_early_stop_looks_for_an_improvement_over_the_best_before(make_spec, mses, patience, minimum, stops):
    spec = make_spec(early_stop={"minimum_improvement": minimum, "patience": patience})
    assert should_stop_early(spec, [int(mse * 10**18) for mse in mses]) is stops


def test_without_a_rule_nothing_stops_early(make_spec):
    assert not should_stop_early(make_spec(), [1] * 100)
