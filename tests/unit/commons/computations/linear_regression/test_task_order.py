"""Which task an owner answers next, by what it answered before."""

import pytest

from commons.computations.linear_regression.messages import EvaluateTask, TaskKind
from commons.computations.linear_regression.task_order import require_next
from commons.computations.parts import AskedBefore
from commons.computations.registry import TASK
from commons.errors import ProtocolViolation
from commons.market.tasks import task_digest

VECTOR = {"count": 1, "fractional_bits": 192, "ciphertexts": "AA=="}
OTHER = VECTOR | {"ciphertexts": "AQ=="}
SQUARES = {"squares": VECTOR, "scaled_squares": VECTOR}
OPENED = {"value": "0x0", "randomness": "0x1"}
STATEMENT = {
    "validator": "0x" + "ab" * 20,
    "candidates_digest": "0x" + "00" * 32,
    "sse": VECTOR,
    "zero_check": VECTOR,
    "signature": "0x",
}


def task(kind, number=1, checkpoint=1, **fields):
    contents = {
        "train": {"weights": VECTOR, "averaging_weight": 1, "averaging_total": 2},
        "evaluate": {"candidates": [VECTOR]},
        "unmask": {"candidates": [VECTOR], **SQUARES},
        "verify": {"statements": [STATEMENT], "sums": [OPENED], "zero_checks": [OPENED]},
    }[kind]
    head = {"job_id": 1, "round": number, "checkpoint": checkpoint, "kind": f"linear_regression/{kind}"}
    return TASK.validate_python(head | contents | fields)


def asked(one):
    return AskedBefore(one.round, one.checkpoint, task_digest(one))


def latest(*tasks):
    return {TaskKind(one.kind): asked(one) for one in tasks}


@pytest.mark.parametrize(
    ("last", "number", "missed_since", "fits"),
    [
        (None, 1, None, True),
        (None, 2, None, False),
        (None, 2, 1, True),
        (3, 4, None, True),
        (3, 4, 2, True),
        (3, 3, None, False),
        (3, 2, None, False),
        (3, 2, 1, False),
        (3, 5, None, False),
        (3, 9, 4, True),
        # An answer that was given, and came too late.
        (3, 9, 3, True),
        (3, 9, 5, False),
    ],
)
def test_rounds_rise_by_one_or_with_a_notice(last, number, missed_since, fits):
    before = {} if last is None else latest(task("train", last))
    following = task("train", number, missed_since=missed_since)
    if fits:
        require_next(following, before)
    else:
        with pytest.raises(ProtocolViolation, match=f"round {number}"):
            require_next(following, before)


@pytest.mark.parametrize(
    ("last", "checkpoint", "fits"),
    [(None, 0, True), (None, 1, False), (0, 1, True), (1, 0, False), (1, 1, False), (1, 2, True), (1, 3, False)],
)
def test_checkpoints_are_evaluated_one_after_the_other(last, checkpoint, fits):
    before = {} if last is None else latest(task("evaluate", 1, last))
    if fits:
        require_next(task("evaluate", 1, checkpoint), before)
    else:
        with pytest.raises(ProtocolViolation, match=f"checkpoint {checkpoint} is not evaluated now"):
            require_next(task("evaluate", 1, checkpoint), before)


def test_masks_come_off_what_was_evaluated_last_and_once():
    evaluated = task("evaluate")
    require_next(task("unmask"), latest(evaluated))
    for other in (
        task("unmask", candidates=[OTHER]),
        task("unmask", 2),
        task("unmask", candidates=[VECTOR, VECTOR]),
    ):
        with pytest.raises(ProtocolViolation, match="not the models that were evaluated last"):
            require_next(other, latest(evaluated))
    with pytest.raises(ProtocolViolation, match="not the models that were evaluated last"):
        require_next(task("unmask"), {})
    with pytest.raises(ProtocolViolation, match="signed for already, with other squares"):
        require_next(task("unmask", squares=OTHER), latest(evaluated, task("unmask")))
    require_next(
        task("unmask", 2, 2),
        latest(task("evaluate", 2, 2), task("unmask")),
    )


def test_what_was_signed_for_is_verified_once():
    with pytest.raises(ProtocolViolation, match="was not signed for here"):
        require_next(task("verify"), {})
    with pytest.raises(ProtocolViolation, match="was not signed for here"):
        require_next(task("verify", 2, 2), latest(task("unmask")))
    require_next(task("verify"), latest(task("unmask", 2, 2)))
    with pytest.raises(ProtocolViolation, match="was verified already"):
        require_next(
            task("verify"),
            latest(task("unmask", 2, 2), task("verify")),
        )


def test_an_evaluation_is_recognised_whatever_else_the_unmasking_says():
    evaluated = task("evaluate")
    assert isinstance(evaluated, EvaluateTask)
    require_next(task("unmask", squares=OTHER, scaled_squares=OTHER), latest(evaluated))
