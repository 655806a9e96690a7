import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.messages import OpenedValue, TaskKind
from commons.computations.registry import RESULT, TASK
from commons.market.tasks import task_digest
from commons.messages import from_hex, to_hex

VECTOR = {"count": 1, "fractional_bits": 192, "ciphertexts": "AA=="}
HEAD = {"job_id": 1, "round": 2, "checkpoint": 0}


@given(value=st.integers(-(2**4096), 2**4096))
def test_integers_of_any_size_and_sign_survive_as_hexadecimal(value):
    opened = OpenedValue(value=to_hex(value), randomness="0x1")
    assert from_hex(OpenedValue.model_validate_json(opened.model_dump_json()).value) == value


@pytest.mark.parametrize("text", ["12", "0x", "0xG", "0XAB", "0xAB", "--0x1", " 0x1", "0x1\n", "", "0x" + "1" * 10_000])
def test_what_is_no_hexadecimal_integer_is_refused(text):
    with pytest.raises(ValidationError, match="value"):
        OpenedValue(value=text, randomness="0x1")


def test_tasks_and_results_are_told_apart_by_their_kind():
    for models in (LinearRegression.tasks, LinearRegression.results):
        assert [model.model_fields["kind"].default for model in models] == list(TaskKind)
    task = TASK.validate_python(
        {**HEAD, "kind": "linear_regression/train", "weights": VECTOR, "averaging_weight": 1, "averaging_total": 3}
    )
    assert TASK.validate_json(task.model_dump_json()) == task
    with pytest.raises(ValidationError, match="kind"):
        TASK.validate_python({**HEAD, "kind": "decrypt", "ciphertext": "AA=="})


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "linear_regression/train"},
        {"kind": "linear_regression/train", "update": VECTOR, "weights": [1.0]},
        {"kind": "linear_regression/evaluate", "masked": [], "corrections": VECTOR, "signature": "0x"},
        {"kind": "linear_regression/square", "validators": [{"validator": "0x" + "ab" * 20, "fault": "tired"}]},
        {"kind": "linear_regression/square", "validators": []},
        {"kind": "linear_regression/open", "sums": [], "zero_checks": [], "checkpoint_signature": "0x"},
        {"kind": "linear_regression/verify", "accepted": True, "reason": "x" * 501},
        {"kind": "linear_regression/deliver", "checkpoint_signature": "0xABCD"},
        {"kind": "linear_regression/deliver", "checkpoint_signature": "0xabc"},
    ],
)
def test_results_that_are_not_of_the_form_are_refused(document):
    with pytest.raises(ValidationError):
        RESULT.validate_python(document)


@pytest.mark.parametrize("change", [{"job_id": 0}, {"round": -1}, {"checkpoint": -1}, {"averaging_weight": 0}])
def test_tasks_with_impossible_numbers_are_refused(change):
    document = {
        **HEAD,
        "kind": "linear_regression/train",
        "weights": VECTOR,
        "averaging_weight": 1,
        "averaging_total": 3,
    }
    with pytest.raises(ValidationError, match=next(iter(change))):
        TASK.validate_python(document | change)


def test_a_task_is_the_same_one_if_all_that_it_says_is_the_same():
    document = {
        **HEAD,
        "kind": "linear_regression/train",
        "weights": VECTOR,
        "averaging_weight": 1,
        "averaging_total": 3,
    }
    task = TASK.validate_python(document)
    assert task_digest(TASK.validate_json(task.model_dump_json())) == task_digest(task)
    changes = [{"job_id": 2}, {"round": 3}, {"checkpoint": 1}, {"averaging_weight": 2}, {"missed_since": 1}]
    changes.append({"weights": VECTOR | {"ciphertexts": "AQ=="}})
    digests = {task_digest(TASK.validate_python(document | change)) for change in changes}
    assert len({*digests, task_digest(task)}) == 7
