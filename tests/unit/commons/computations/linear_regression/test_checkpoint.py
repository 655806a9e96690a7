"""What statements and openings of a checkpoint are refused, and what the honest ones show."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from eth_account import Account

from commons.chain.signing import recover_message, sign_message
from commons.computations.linear_regression.checkpoint import check_statements, checkpoint_values, verify_checkpoint
from commons.computations.linear_regression.learning import mean_squared_error
from commons.computations.linear_regression.messages import OpenedValue, ValidatorStatement
from commons.computations.linear_regression.statements import statement_digest
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.messages import from_hex

WEIGHTS = [np.array([5.0, -3.0, 1.0, 7.0]), *(np.array([4.0, -2.5, c, 6.0]) for c in (0.0, 0.5, 2.0))]
ROUND, CHECKPOINT = 3, 1


@pytest.fixture(scope="module")
def evaluated(shared_job):
    """An honest checkpoint: the validators' statements and the task with all openings."""
    models = [shared_job.encrypt_weights(weights, ROUND) for weights in WEIGHTS]
    task = shared_job.evaluate_task(ROUND, CHECKPOINT, models)
    return shared_job.open_without_checks(shared_job.statements(task), task)


def check(job, statements, **changes):
    place = {"round_number": ROUND, "checkpoint": CHECKPOINT, "recover": recover_message} | changes
    return check_statements(job.context, statements, **place)


def signed_again(job, statement, account, **changes):
    """The statement with changes and a signature of `account` over what it says then."""
    statement = statement.model_copy(update=changes)
    digest = statement_digest(
        place=job.context.place(ROUND, CHECKPOINT),
        row_count=job.context.row_counts.get(statement.validator, 1),
        candidates=bytes.fromhex(statement.candidates_digest[2:]),
        sse=statement.sse.digest(),
        zero_check=statement.zero_check.digest(),
    )
    return statement.model_copy(update={"signature": "0x" + sign_message(account, digest).hex()})


def test_honest_openings_show_the_metric_of_every_candidate(shared_job, evaluated):
    values = shared_job.verify(evaluated)
    rows = [(owner.X, owner.y) for owner in shared_job.validators]
    half_width = shared_job.plan.spec.target.half_width
    errors = [mean_squared_error(rows, weights) for weights in WEIGHTS]
    # Each validator's noise is below 2^-24 of a squared half width a row, and never negative.
    shown = [values.mse / 1e18, *(mse / 1e18 for mse in values.leave_one_out_mses)]
    for found, error in zip(shown, errors, strict=True):
        assert -1e-12 < found - error / half_width**2 < 2**-24
    assert values.mse_target_units == pytest.approx(errors[0], abs=2**-24 * half_width**2)
    assert shown != pytest.approx([error / half_width**2 for error in errors], rel=1e-12)
    assert values.row_count == 18 + 23


def test_a_statement_signed_by_somebody_else_is_refused(shared_job, evaluated):
    first, second = evaluated.statements
    forged = signed_again(shared_job, first, Account.create())
    with pytest.raises(ProtocolViolation, match=f"statement of {first.validator}: the signature is not its own"):
        check(shared_job, [forged, second])


@pytest.mark.parametrize("change", ["sse", "zero_check", "both candidates"])
def test_a_signature_covers_all_that_a_statement_says(shared_job, evaluated, change):
    first, second = evaluated.statements
    changed = {
        "sse": [first.model_copy(update={"sse": second.sse}), second],
        "zero_check": [first.model_copy(update={"zero_check": second.zero_check}), second],
        "both candidates": [
            one.model_copy(update={"candidates_digest": "0x" + "ab" * 32}) for one in evaluated.statements
        ],
    }[change]
    with pytest.raises(ProtocolViolation, match="the signature is not its own"):
        check(shared_job, changed)


def test_a_statement_of_another_checkpoint_or_job_cannot_be_replayed(shared_job, evaluated):
    with pytest.raises(ProtocolViolation, match="the signature is not its own"):
        check(shared_job, evaluated.statements, round_number=6, checkpoint=2)
    rows = {owner: count + 1 for owner, count in shared_job.context.row_counts.items()}
    for change in (
        {"job_id": shared_job.context.job_id + 1},
        {"chain_id": 1},
        {"contract": "0x" + "c1" * 20},
        {"row_counts": rows},
    ):
        other = replace(shared_job.context, **change)
        with pytest.raises(ProtocolViolation, match="the signature is not its own"):
            check_statements(
                other, evaluated.statements, round_number=ROUND, checkpoint=CHECKPOINT, recover=recover_message
            )


@pytest.mark.parametrize(("number", "checkpoint"), [(3, 2), (2, 1), (6, 1), (4, 2), (7, 3), (0, 1), (3, 0)])
def test_a_checkpoint_is_at_its_round_only(shared_job, evaluated, number, checkpoint):
    with pytest.raises(ProtocolViolation, match="in this job's specification"):
        check(shared_job, evaluated.statements, round_number=number, checkpoint=checkpoint)


def test_a_malformed_signature_is_refused(shared_job, evaluated):
    first, second = evaluated.statements
    for signature in ("0x", "0x" + "00" * 65, "0x" + "ff" * 65, first.signature[:-2] + "00"):
        with pytest.raises(ProtocolViolation, match=f"statement of {first.validator}: the signature is malformed"):
            check(shared_job, [first.model_copy(update={"signature": signature}), second])


def test_statements_about_different_candidates_are_refused(shared_job, evaluated):
    first, second = evaluated.statements
    account = shared_job.validators[1].account
    other = signed_again(shared_job, second, account, candidates_digest="0x" + "cd" * 32)
    with pytest.raises(ProtocolViolation, match="about other candidates"):
        check(shared_job, [first, other])


def test_a_validator_counts_once_and_only_if_it_is_one(shared_job, evaluated):
    first, second = evaluated.statements
    with pytest.raises(ProtocolViolation, match="twice"):
        check(shared_job, [first, second, first])
    with pytest.raises(ProtocolViolation, match="twice"):
        check(shared_job, [first, in_lower_case(first)])
    stranger = Account.create()
    with pytest.raises(ProtocolViolation, match="not a validator of this job"):
        check(shared_job, [first, signed_again(shared_job, first, stranger, validator=stranger.address)])
    trainer = shared_job.trainers[0]
    with pytest.raises(ProtocolViolation, match="not a validator of this job"):
        check(shared_job, [first, signed_again(shared_job, first, trainer.account, validator=trainer.address)])


def test_an_opening_over_fewer_validators_than_must_stay_is_refused(shared_job, evaluated):
    with pytest.raises(ProtocolViolation, match="1 statements; a checkpoint needs those of 2 validators at least"):
        check(shared_job, evaluated.statements[:1])
    with pytest.raises(ProtocolViolation, match="0 statements"):
        check(shared_job, [])


def in_lower_case(statement: ValidatorStatement) -> ValidatorStatement:
    """The statement as it arrives from somebody who writes addresses without their checksum."""
    return ValidatorStatement.model_validate({**dict(statement), "validator": statement.validator.lower()})


def test_addresses_are_the_same_in_any_case(shared_job, evaluated):
    lower = [in_lower_case(one) for one in evaluated.statements]
    assert check(shared_job, lower).row_count == 41


def test_a_statement_needs_one_sum_for_each_candidate_and_one_zero_check(shared_job, evaluated):
    first, second = evaluated.statements
    account = shared_job.validators[0].account
    short = first.sse.model_copy(update={"count": 3})
    with pytest.raises(InvalidCiphertext, match="expected 4 ciphertexts, got 3"):
        check(shared_job, [signed_again(shared_job, first, account, sse=short), second])
    with pytest.raises(InvalidCiphertext, match="expected 1 ciphertexts, got 4"):
        check(shared_job, [signed_again(shared_job, first, account, zero_check=first.sse), second])
    coarse = first.sse.model_copy(update={"fractional_bits": 40})
    with pytest.raises(InvalidCiphertext, match="scale of 480"):
        check(shared_job, [signed_again(shared_job, first, account, sse=coarse), second])


def test_at_checkpoint_zero_there_is_the_start_model_alone(shared_job):
    assert [shared_job.context.candidate_count(index) for index in range(3)] == [1, 4, 4]


def opened_as(item, value):
    return OpenedValue(value=hex(value), randomness=item.randomness)


@pytest.mark.parametrize("index", [0, 1, 3])
@pytest.mark.parametrize("change", [1, -1, 1 << 470])
def test_a_buyer_that_reports_another_sum_is_refused(shared_job, evaluated, index, change):
    sums = list(evaluated.sums)
    sums[index] = opened_as(sums[index], from_hex(sums[index].value) + change)
    with pytest.raises(ProtocolViolation, match=f"opening {index} does not fit its ciphertext"):
        shared_job.verify(evaluated.model_copy(update={"sums": tuple(sums)}))


def test_a_buyer_that_swaps_or_leaves_out_openings_is_refused(shared_job, evaluated):
    first, second, *rest = evaluated.sums
    with pytest.raises(ProtocolViolation, match="opening 0 does not fit"):
        shared_job.verify(evaluated.model_copy(update={"sums": (second, first, *rest)}))
    for change in (
        {"sums": evaluated.sums[:-1]},
        {"sums": (*evaluated.sums, first)},
        {"zero_checks": evaluated.zero_checks[:1]},
        {"zero_checks": ()},
    ):
        with pytest.raises(ProtocolViolation, match="number of openings"):
            shared_job.verify(evaluated.model_copy(update=change))


def test_a_validator_cannot_be_left_out_of_the_sum(shared_job, evaluated):
    one_validator = evaluated.model_copy(
        update={"statements": evaluated.statements[:1], "zero_checks": evaluated.zero_checks[:1]}
    )
    with pytest.raises(ProtocolViolation, match="needs those of 2 validators"):
        shared_job.verify(one_validator)


def test_a_zero_check_that_is_not_zero_is_refused(shared_job, evaluated):
    """One validator's sum of squares is off by the smallest unit, and so is its zero check."""
    models = [shared_job.encrypt_weights(weights, ROUND) for weights in WEIGHTS]
    task = shared_job.evaluate_task(ROUND, CHECKPOINT, models)
    lied_to = []

    def add_one(squares):
        if lied_to:
            return squares
        lied_to.append(squares.validator)
        form = {"count": 4, "fractional_bits": shared_job.plan.sse_fractional_bits, "bound": 1 << 500}
        vector = squares.squares.to_vector(shared_job.context.key, **form)
        more = vector.add_encoded([0, 1, 0, 0]).rerandomize(shared_job.randomizer)
        return squares.model_copy(update={"squares": squares.squares.of(more)})

    statements = shared_job.statements(task, lie=add_one)
    opened = shared_job.open_without_checks(statements, task)
    assert [from_hex(item.value) != 0 for item in opened.zero_checks] == [True, False]
    with pytest.raises(ProtocolViolation, match="a zero check opened to another value"):
        shared_job.verify(opened)
    # Claiming that it is zero is claiming a false decryption.
    claimed = (opened_as(opened.zero_checks[0], 0), opened.zero_checks[1])
    with pytest.raises(ProtocolViolation, match="opening 4 does not fit its ciphertext"):
        shared_job.verify(opened.model_copy(update={"zero_checks": claimed}))


def test_sums_out_of_what_can_be_measured_are_refused(shared_job):
    magnitude = Fraction(shared_job.plan.spec.target.magnitude)
    limit = int(64 * 41 * magnitude**2 * 2**480)
    assert checkpoint_values(shared_job.context, [limit, 0], row_count=41).leave_one_out_mses == (0,)
    for wrong in ([-1, 0], [0, limit + 1]):
        with pytest.raises(ProtocolViolation, match="outside of what can be measured"):
            checkpoint_values(shared_job.context, wrong, row_count=41)


def test_a_place_is_one_step_of_one_job_of_one_contract_on_one_chain(shared_job):
    context = shared_job.context
    places = [context.place(*place) for place in ((1, 0), (0, 1), (1, 1), (256, 0))]
    others = [
        replace(context, **change).place(1, 0)
        for change in ({"job_id": context.job_id + 1}, {"chain_id": 1}, {"contract": "0x" + "c1" * 20})
    ]
    assert len({*places, *others}) == 7


def test_verification_needs_no_secret(shared_job, evaluated):
    checked = check(shared_job, evaluated.statements)
    values = verify_checkpoint(shared_job.context, checked, evaluated.sums, evaluated.zero_checks)
    assert values == shared_job.verify(evaluated)
