"""Reading ciphertexts by the buyer's reactions: it refuses what is out of bounds, so an aggregator shifts what it wants to
read until it is, and halves the interval with each question.

The control asks the key's holder itself, past the ledger: there the same attack reads a trainer's update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gmpy2 import mpz

from commons.chain.signing import recover_message
from commons.ciphers.paillier import EncryptedVector, PackedVector
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression import key_holder
from commons.computations.linear_regression.checkpoint import require_signer
from commons.computations.linear_regression.messages import (
    Fault,
    MaskedResiduals,
    RefreshTask,
    SquareTask,
    ValidatorResiduals,
)
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.errors import ContentRefused, ProtocolViolation
from tests.doubles.arena import Arena
from tests.doubles.rogue import signed_evaluation

Probe = Callable[[int], bool | None]
"""Whether the secret is above a threshold; None when the buyer's reaction does not tell."""

SCALE = WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS


def bisect(above: Probe, low: int, high: int, width: int) -> tuple[int, int]:
    """The interval that an attacker ends with: `width` wide, or wider if it gets no more answers."""
    while high - low > width:
        middle = (low + high) // 2
        answer = above(middle)
        if answer is None:
            break
        low, high = (middle + 1, high) if answer else (low, middle)
    return low, high


@pytest.fixture
def arena(make_arena) -> Arena:
    return make_arena((60, 50, 40), (30, 28, 27), rounds=40, evaluate_every=20)


@pytest.fixture
def secret(arena: Arena) -> mpz:
    """One entry of one trainer's own update in round 1."""
    return arena.train(1)[arena.context.trainers[0]].ciphertexts[0]


def limits(arena: Arena) -> tuple[int, int]:
    bound = 1 << (arena.context.plan.weight_bits(1) + SCALE)
    return -bound, bound


def refresh_task(arena: Arena, secret: mpz, threshold: int, number: int) -> RefreshTask:
    """The secret moved so that it leaves the bound of masked weights exactly if it is above the threshold."""
    key, plan = arena.context.key, arena.context.plan
    bound = plan.masked_bound(number, SCALE)
    moved = secret * (1 + key.n * (bound - threshold)) % key.n_squared
    rest = arena.encrypted([0] * (plan.spec.n_weights - 1), SCALE).ciphertexts
    vector = EncryptedVector(key, (moved, *rest), SCALE, 1).rerandomize(arena.job.randomizer)
    place = arena.job.head(number, plan.spec.checkpoint_of(number))
    return RefreshTask(**place, masked=CiphertextVector.of(vector), shift_bits=MATRIX_FRACTIONAL_BITS)


def test_control_the_key_holder_alone_is_an_oracle(arena: Arena, secret: mpz) -> None:
    asked = []

    def above(threshold: int) -> bool:
        asked.append(threshold)
        try:
            arena.job.buyer.refresh(refresh_task(arena, secret, threshold, 1))
        except ContentRefused:
            return True
        return False

    low, high = bisect(above, *limits(arena), 1 << (SCALE - 40))
    assert low <= arena.job.secret_key.decrypt(secret) <= high
    assert len(asked) < 50


def test_refreshes_tell_at_most_one_refusal(arena: Arena, secret: mpz) -> None:
    """Each round is asked about, twice, and the service is started anew in between."""
    reactions: list[type[Exception] | None] = []
    rounds: Iterator[int] = (number for number in range(1, 41) if number % 20)

    def above(threshold: int) -> bool | None:
        number = next(rounds, None)
        if number is None:
            return None
        try:
            arena.ask(None, refresh_task(arena, secret, threshold, number))
        except ProtocolViolation as refusal:
            reactions.append(type(refusal))
            with pytest.raises(ProtocolViolation):
                arena.ask(None, refresh_task(arena, secret, threshold - 1, number))
            ended = len([one for one in reactions if one is not None]) > 1
            return None if ended else True
        reactions.append(None)
        arena.restart()
        with pytest.raises(ProtocolViolation, match="asked before with other contents"):
            arena.ask(None, refresh_task(arena, secret, threshold - 1, number))
        return False

    start = limits(arena)
    low, high = bisect(above, *start, 1 << (SCALE - 40))
    answered = reactions.count(None)
    # What can be learned is in which round the refusal came.
    assert next(one for one in reactions if one is not None) is ContentRefused
    assert high - low >= ((start[1] - start[0]) >> (answered + 1)) - 1
    assert arena.stored_job().refusal is not None


def test_after_the_refusal_every_question_is_refused_with_the_same_words(arena: Arena, secret: mpz) -> None:
    _, high = limits(arena)
    with pytest.raises(ContentRefused):
        arena.ask(None, refresh_task(arena, secret, -high, 1))
    told = set()
    for number, threshold in ((2, -high), (3, high), (4, 0), (1, high), (1, -high)):
        with pytest.raises(ProtocolViolation) as caught:
            arena.ask(None, refresh_task(arena, secret, threshold, number))
        told.add(caught.value.message)
    assert len(told) == 1


# -- the same through the slots of residuals


def filled(arena: Arena, owner: int) -> tuple[ValidatorResiduals, int]:
    """What an honest validator sends at checkpoint 0, and the width of its slots."""
    task = arena.evaluate_task(0, [arena.weights])
    residuals = arena.residuals(arena.job.validators[owner], task)
    return residuals, residuals.masked[0].residuals.slot_bits


def with_probe(
    arena: Arena, honest: ValidatorResiduals, slot_bits: int, secret: mpz, threshold: int
) -> ValidatorResiduals:
    """The same with a first plaintext that has more bits than its slots exactly if the secret is above the threshold."""
    key, plan = arena.context.key, arena.context.plan
    wire = honest.masked[0].residuals
    form = {"count": plan.spec.n_weights, "fractional_bits": wire.fractional_bits, "slot_bits": slot_bits}
    packed = wire.to_packed(key, **form)
    slots = min((key.bits - 1) // slot_bits, plan.spec.n_weights)
    moved = secret * (1 + key.n * ((1 << (slots * slot_bits)) - 1 - threshold)) % key.n_squared
    probing = PackedVector(
        key,
        (moved, *packed.ciphertexts[1:]),
        packed.count,
        slot_bits,
        packed.fractional_bits,
    ).rerandomize(arena.job.randomizer)
    pair = MaskedResiduals(residuals=PackedCiphertexts.of(probing), scaled_residuals=honest.masked[0].scaled_residuals)
    return honest.model_copy(update={"masked": (pair, *honest.masked[1:])})


def square_of(arena: Arena, residuals: list[ValidatorResiduals]) -> SquareTask:
    return SquareTask(**arena.job.head(0, 0), validators=tuple(residuals))


def test_control_without_signatures_and_a_ledger_slots_are_an_oracle(
    arena: Arena, secret: mpz, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, slot_bits = filled(arena, 0)
    monkeypatch.setattr(key_holder, "require_signer", lambda *_: None)

    def above(threshold: int) -> bool:
        probe = with_probe(arena, honest, slot_bits, secret, threshold)
        done = arena.job.buyer.square(square_of(arena, [probe]), recover_message)
        return done.faults == {honest.validator: Fault.MALFORMED}

    low, high = bisect(above, *limits(arena), 1 << (SCALE - 40))
    assert low <= arena.job.secret_key.decrypt(secret) <= high
    assert key_holder.require_signer is not require_signer


def test_an_aggregator_alone_gets_nothing_squared(arena: Arena, secret: mpz) -> None:
    sent = [filled(arena, place) for place in range(3)]
    honest = [one for one, _ in sent]
    for threshold in limits(arena):
        probe = with_probe(arena, honest[0], sent[0][1], secret, threshold)
        with pytest.raises(ProtocolViolation, match="the signature is not its own"):
            arena.ask(None, square_of(arena, [probe, *honest[1:]]))
    arena.ask(None, square_of(arena, honest))


def test_a_validator_of_the_aggregators_gets_one_reaction_and_is_out(arena: Arena, secret: mpz) -> None:
    """It signs what the aggregator wants to know; naming it tells one bit, and the others go on without it."""
    sent = [filled(arena, place) for place in range(3)]
    rogue = arena.job.validators[0]
    low, _ = limits(arena)
    probe = signed_evaluation(arena, rogue, with_probe(arena, sent[0][0], sent[0][1], secret, low), 0)
    result = arena.ask(None, square_of(arena, [probe, sent[1][0], sent[2][0]]))
    assert [item.fault for item in result.validators] == [Fault.MALFORMED, None, None]
    task = arena.evaluate_task(0, [arena.weights])
    arena.ask(None, arena.open_task(task, arena.statements(task, result, arena.job.validators[1:])))
    honest = [
        arena.residuals(owner, later := arena.evaluate_task(1, [arena.weights] * 4)) for owner in arena.job.validators
    ]
    with pytest.raises(ProtocolViolation, match="does not take part in this job, or not any more"):
        arena.ask(None, arena.square_task(later, honest))
    arena.ask(None, arena.square_task(later, honest[1:]))
