"""The tasks of linear regressions as an honest aggregator and honest validators make them for a model buyer under test."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from commons.chain.signing import sign_message
from commons.ciphers.paillier import EncryptedVector, PublicKey, Randomizer, encode, pack
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import (
    DeliverTask,
    MaskedResiduals,
    OpenTask,
    RefreshTask,
    SquareResult,
    SquareTask,
    ValidatorResiduals,
    ValidatorSquares,
    ValidatorStatement,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS, NumericPlan
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.statements import candidates_digest, evaluation_digest, statement_digest
from commons.market.delivery import delivery_mask
from model_buyer.services.answer_task import TaskAnswerer
from tests.doubles.around_buyer import CONTRACT

ROWS = 10
WEIGHTS = [0.5, -0.2]
"""Weight and bias in training units; in original units: slope 0.5·5/50, intercept 5 + 5·(−0.2) − 0.05·50."""


@dataclass
class Tasks:
    """Makes the tasks that an honest aggregator and honest validators would make for job number 1.

    The validators' masked residuals are zero, so that their corrections are the errors that a test chooses.
    """

    spec: LinearRegressionSpec
    key: PublicKey
    trainer: LocalAccount
    validators: list[LocalAccount]
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        self._randomizer = Randomizer(self.key)
        self.plan = NumericPlan(self.spec, self.key.bits)
        self.candidate_digests = [keccak(b"global"), keccak(b"without trainer")]

    @property
    def context(self) -> JobContext:
        return JobContext(
            chain_id=1337,
            contract=CONTRACT,
            job_id=1,
            key=self.key,
            plan=self.plan,
            trainers=(self.trainer.address,),
            validators=tuple(one.address for one in self.validators),
            row_counts={one.address: ROWS for one in (self.trainer, *self.validators)},
        )

    @property
    def candidates_digest(self) -> str:
        return "0x" + candidates_digest(self.candidate_digests).hex()

    def vector(self, values: list[float], fractional_bits: int) -> EncryptedVector:
        encoded = encode(values, fractional_bits)
        return EncryptedVector.encrypt(self._randomizer, encoded, fractional_bits=fractional_bits)

    def residuals(self, validator: LocalAccount, checkpoint: int, sse: list[float]) -> ValidatorResiduals:
        number, bits = self.spec.round_of(checkpoint), self.plan.residual_fractional_bits
        zero = self.vector([0.0] * self.spec.n_weights, bits)
        slots = (self.plan.residual_slot_bits(number, ROWS), self.plan.scaled_residual_slot_bits(number, ROWS))
        masked = []
        for _ in sse:
            plain, scaled = (
                PackedCiphertexts.of(pack(zero, slot_bits=slot).rerandomize(self._randomizer)) for slot in slots
            )
            masked.append(MaskedResiduals(residuals=plain, scaled_residuals=scaled))
        corrections = self.vector(sse, self.plan.sse_fractional_bits)
        digest = evaluation_digest(
            place=self.context.place(number, checkpoint),
            row_count=ROWS,
            candidates=candidates_digest(self.candidate_digests),
            masked=[one.digest() for pair in masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=corrections.digest(),
        )
        return ValidatorResiduals(
            validator=validator.address,
            candidates_digest=self.candidates_digest,
            masked=tuple(masked),
            corrections=CiphertextVector.of(corrections),
            signature="0x" + sign_message(validator, digest).hex(),
        )

    def square(self, checkpoint: int, sse: list[float]) -> SquareTask:
        """The residuals of models whose errors, over all validators, are these."""
        share = [value / len(self.validators) for value in sse]
        residuals = tuple(self.residuals(validator, checkpoint, share) for validator in self.validators)
        place = {"round": self.spec.round_of(checkpoint), "checkpoint": checkpoint}
        return SquareTask(job_id=1, **place, validators=residuals)

    def statement(self, asked: ValidatorResiduals, squared: ValidatorSquares, checkpoint: int) -> ValidatorStatement:
        validator = next(one for one in self.validators if one.address == asked.validator)
        form = {"count": len(asked.masked), "fractional_bits": self.plan.sse_fractional_bits, "bound": 1}
        squares, corrections = (one.to_vector(self.key, **form) for one in (squared.squares, asked.corrections))
        sse, zero_check = squares + corrections, self.vector([0.0], self.plan.sse_fractional_bits)
        unsigned = ValidatorStatement(
            validator=validator.address,
            candidates_digest=self.candidates_digest,
            sse=CiphertextVector.of(sse, unsafe_not_rerandomized="as a validator sends it"),
            zero_check=CiphertextVector.of(zero_check),
            signature="0x",
        )
        return self.signed(unsigned, validator, checkpoint)

    def signed(self, statement: ValidatorStatement, account: LocalAccount, checkpoint: int) -> ValidatorStatement:
        digest = statement_digest(
            place=self.context.place(self.spec.round_of(checkpoint), checkpoint),
            row_count=ROWS,
            candidates=bytes.fromhex(statement.candidates_digest[2:]),
            sse=statement.sse.digest(),
            zero_check=statement.zero_check.digest(),
        )
        return statement.model_copy(update={"signature": "0x" + sign_message(account, digest).hex()})

    def opening(self, asked: SquareTask, squared: SquareResult) -> OpenTask:
        """The statements of the validators whose residuals were squared."""
        statements = tuple(
            self.statement(one, squares, asked.checkpoint)
            for one, squares in zip(asked.validators, squared.validators, strict=True)
            if squares.squares is not None
        )
        return OpenTask(job_id=1, round=asked.round, checkpoint=asked.checkpoint, statements=statements)

    def open(self, answerer: TaskAnswerer, checkpoint: int, sse: list[float]) -> OpenTask:
        """Have the residuals squared; returns what is asked next."""
        asked = self.square(checkpoint, sse)
        return self.opening(asked, answerer.answer(asked))

    def deliver(self, opened: OpenTask, weights: list[float]) -> DeliverTask:
        encoded = encode(weights, WEIGHT_FRACTIONAL_BITS)
        bits = self.plan.mask_bits(opened.round, WEIGHT_FRACTIONAL_BITS)
        mask = delivery_mask(self.seed, 1, len(weights), bits)
        masked = EncryptedVector.encrypt(
            self._randomizer,
            [value + s for value, s in zip(encoded, mask, strict=True)],
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
        )
        return DeliverTask(
            job_id=1,
            round=opened.round,
            checkpoint=opened.checkpoint,
            delivered=CiphertextVector.of(masked),
            statements=opened.statements,
        )

    def refresh(self, number: int = 1, shift_bits: int = 48, values: list[float] | None = None) -> RefreshTask:
        masked = CiphertextVector.of(self.vector(values or WEIGHTS, WEIGHT_FRACTIONAL_BITS + shift_bits))
        place = {"round": number, "checkpoint": self.spec.checkpoint_of(number)}
        return RefreshTask(job_id=1, **place, masked=masked, shift_bits=shift_bits)

    def open_until(self, answerer: TaskAnswerer, last: int = 2) -> OpenTask:
        """Have checkpoints 0, 1, … `last` opened; returns the last task."""
        task = self.open(answerer, 0, [8.0])
        answerer.answer(task)
        for checkpoint in range(1, last + 1):
            task = self.open(answerer, checkpoint, [4.0, 6.0])
            answerer.answer(task)
        return task
