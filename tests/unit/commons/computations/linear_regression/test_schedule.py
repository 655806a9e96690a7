import itertools

import pytest

from commons.computations.linear_regression.messages import TaskKind
from commons.computations.linear_regression.schedule import advance, should_stop_early
from commons.market.tasks import Step

CHECKPOINT_STEPS = [TaskKind.EVALUATE, TaskKind.SQUARE, TaskKind.UNMASK, TaskKind.OPEN]


def walk(spec, can_train, stop_at=None):
    """All steps of a job from its start to its end; `stop_at` is the checkpoint at which early stopping ends it."""
    step = Step(TaskKind.EVALUATE)
    places = []
    while step is not None:
        places.append(step)
        assert len(places) < 12 * (spec.rounds + 2), "the job never ends"
        stop = step.kind == TaskKind.OPEN and step.checkpoint == stop_at
        step = advance(step, spec, can_train=can_train(step.round + 1), stop=stop)
    return places


def specs(make_spec):
    for rounds, every in itertools.product(range(1, 7), range(1, 8)):
        yield make_spec(rounds=rounds, evaluate_every=every)


def test_every_job_trains_each_round_once_evaluates_as_specified_and_settles(make_spec):
    for spec in specs(make_spec):
        at = [n for n in range(spec.rounds + 1) if n % spec.evaluate_every == 0 or n == spec.rounds]
        for fits in itertools.product([True, False], repeat=spec.rounds):
            places = walk(spec, lambda number, fits=(*fits, True): fits[number - 1])
            trained = [one.round for one in places if one.kind == TaskKind.TRAIN]
            assert trained == list(range(1, spec.rounds + 1))
            for step in CHECKPOINT_STEPS:
                assert [(one.round, one.checkpoint) for one in places if one.kind == step] == [
                    (number, index) for index, number in enumerate(at)
                ]
            assert [one.kind for one in places].count(TaskKind.DELIVER) == 1
            assert places[-1].kind == TaskKind.DELIVER
            refreshed = [one.round for one in places if one.kind == TaskKind.REFRESH]
            between = [n for n in range(1, spec.rounds) if n not in at and not fits[n]]
            assert refreshed == sorted([*at[1:], *between])


def test_steps_of_a_checkpoint_follow_in_their_order(make_spec):
    places = walk(make_spec(rounds=2, evaluate_every=2), lambda _: True)
    assert [(one.round, one.checkpoint, one.kind) for one in places] == [
        (0, 0, TaskKind.EVALUATE),
        (0, 0, TaskKind.SQUARE),
        (0, 0, TaskKind.UNMASK),
        (0, 0, TaskKind.OPEN),
        (1, 1, TaskKind.TRAIN),
        (2, 1, TaskKind.TRAIN),
        (2, 1, TaskKind.REFRESH),
        (2, 1, TaskKind.EVALUATE),
        (2, 1, TaskKind.SQUARE),
        (2, 1, TaskKind.UNMASK),
        (2, 1, TaskKind.OPEN),
        (2, 1, TaskKind.DELIVER),
    ]


def test_early_stopping_ends_a_job_at_any_of_its_checkpoints(make_spec):
    for spec in specs(make_spec):
        at = [n for n in range(spec.rounds + 1) if spec.is_checkpoint(n)]
        for index, number in enumerate(at):
            places = walk(spec, lambda _: True, stop_at=index)
            assert places[-1] == Step(TaskKind.DELIVER, number, index)
            assert [one.round for one in places if one.kind == TaskKind.TRAIN] == list(range(1, number + 1))


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
