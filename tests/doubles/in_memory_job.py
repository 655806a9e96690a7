"""Training jobs for tests: specifications, owners with rows, and whole jobs with all parties in one process."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.signing import recover_message, sign_message
from commons.ciphers.masks import draw_seed
from commons.ciphers.paillier import EncryptedVector, Randomizer, SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.averaging import average, candidates
from commons.computations.linear_regression.checkpoint import CheckpointValues, check_statements, verify_checkpoint
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.learning import (
    GradientMap,
    GramAccumulator,
    QuadraticMetric,
    QuadraticMetricAccumulator,
    gradient_map,
)
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    EvaluateTask,
    OpenedValue,
    OpenTask,
    SquareTask,
    TrainTask,
    UnmaskTask,
    ValidatorResiduals,
    ValidatorSquares,
    ValidatorStatement,
    VerifyTask,
)
from commons.computations.linear_regression.numeric_plan import (
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
    NumericPlan,
    declared_growth,
)
from commons.computations.linear_regression.refreshing import check_refresh, mask_weights, unmask_weights
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.statements import candidates_digest
from commons.computations.linear_regression.trainer import LocalTrainer
from commons.computations.linear_regression.validator import Validator
from commons.computations.registry import JobSpec
from commons.market.delivery import delivery_mask
from tests.doubles.job_specs import job_spec

NOW = 1_800_000_000
JOB_ID = 7
CHAIN_ID = 1337
CONTRACT = "0x" + "c0" * 20
AS_THE_AGGREGATOR = "as the aggregator sends its models"
Part = tuple[np.ndarray, np.ndarray]


_TERMS: dict[str, Any] = {
    "title": "Progression of diabetes",
    "deposit_wei": 10**18,
    "start_by": NOW + 3600,
    "finish_by": NOW + 7200,
    "role_seed": 1,
}
_COMPUTATION: dict[str, Any] = {
    "features": [
        {"name": "age", "minimum": 0, "maximum": 120, "unit": "a"},
        {"name": "bmi", "minimum": 10, "maximum": 60},
    ],
    "target": {"name": "progression", "minimum": 0, "maximum": 400},
    "rounds": 10,
    "evaluate_every": 4,
}


def make_spec(**changes: Any) -> JobSpec:
    """A job that computes what `make_computation` specifies, with the given fields of either changed."""
    return job_spec(**_TERMS | _COMPUTATION | changes)


def make_computation(**changes: Any) -> LinearRegressionSpec:
    """A linear regression with two features, `range` scaling and 10 rounds, with the given fields changed."""
    return LinearRegressionSpec.model_validate(_COMPUTATION | changes)


def _spec_of_parts(parts: Sequence[Part], **changes: Any) -> JobSpec:
    """Specification without scaling whose ranges are those of the rows; the last column is the bias."""
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    features = [
        {"name": f"x{j}", "minimum": column.min() - 1e-9, "maximum": column.max() + 1e-9}
        for j, column in enumerate(X.T[:-1])
    ]
    target = {"name": "y", "minimum": y.min(), "maximum": y.max()}
    return make_spec(**{"features": features, "target": target, "scaling": "none", "learning_rate": 1.5} | changes)


def make_parts(seed: int, sizes: Iterable[int], d: int) -> list[Part]:
    """Rows for owners: (seed, rows of each, number of weights), bias column included."""
    rng = np.random.default_rng(seed)
    parts = []
    for m in sizes:
        X = np.column_stack([rng.uniform(-0.2, 0.2, (m, d - 1)), np.ones(m)])
        parts.append((X, X @ rng.normal(0, 100, d) + rng.normal(0, 5, m)))
    return parts


@dataclass(frozen=True)
class Owner:
    """A data owner of a test: its account and its rows in the units of training."""

    X: np.ndarray
    y: np.ndarray
    account: LocalAccount = field(default_factory=Account.create)
    mask_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def address(self) -> str:
        return str(self.account.address)

    def step(self, spec: LinearRegressionSpec) -> GradientMap:
        accumulator = GramAccumulator(self.X.shape[1])
        accumulator.add(self.X, self.y)
        return gradient_map(accumulator.statistics(), spec.learning_rate, spec.local_steps)

    def metric(self) -> QuadraticMetric:
        accumulator = QuadraticMetricAccumulator(self.X.shape[1])
        accumulator.add(self.X, self.y)
        return accumulator.metric()

    def trainer(self, context: JobContext) -> LocalTrainer:
        return LocalTrainer(context, self.step(context.plan.spec), address=self.address)

    def validator(self, context: JobContext) -> Validator:
        return Validator(context, self.metric(), address=self.address, mask_secret=self.mask_secret)

    def sign(self, digest: bytes) -> bytes:
        return sign_message(self.account, digest)


class InMemoryJob:
    """All parties of one job; each method is one step of the protocol as its own service performs it."""

    def __init__(
        self,
        secret_key: SecretKey,
        randomizer: Randomizer,
        trainer_parts: Sequence[Part],
        validator_parts: Sequence[Part],
        *,
        accounts: Sequence[LocalAccount] = (),
        **spec_changes: Any,
    ) -> None:
        self.spec = _spec_of_parts([*trainer_parts, *validator_parts], **spec_changes)
        spec = self.spec.computation
        self.secret_key, self.randomizer = secret_key, randomizer
        signers = accounts or [Account.create() for _ in (*trainer_parts, *validator_parts)]
        owners = [Owner(X, y, one) for (X, y), one in zip((*trainer_parts, *validator_parts), signers, strict=True)]
        self.trainers, self.validators = owners[: len(trainer_parts)], owners[len(trainer_parts) :]
        growth = max(declared_growth(owner.step(spec).spectral_norm) for owner in self.trainers)
        self.context = JobContext(
            chain_id=CHAIN_ID,
            contract=CONTRACT,
            job_id=JOB_ID,
            key=secret_key.public_key,
            plan=NumericPlan(spec, secret_key.public_key.bits, growth),
            trainers=tuple(owner.address for owner in self.trainers),
            validators=tuple(owner.address for owner in self.validators),
            row_counts={owner.address: len(owner.y) for owner in (*self.trainers, *self.validators)},
        )
        self.buyer = KeyHolder(self.context, secret_key)
        self.shares = self.context.averaging_weights()
        self.evaluated: dict[tuple[str, int], EvaluateResult] = {}
        self._training = {owner.address: owner.trainer(self.context) for owner in self.trainers}
        self._validating = {owner.address: owner.validator(self.context) for owner in self.validators}
        self.weights = self.encrypt_weights(np.zeros(spec.n_weights), 0)
        self.values: list[CheckpointValues] = []

    @property
    def plan(self) -> NumericPlan:
        return self.context.plan

    def head(self, number: int, checkpoint: int) -> dict[str, int]:
        return {"job_id": JOB_ID, "round": number, "checkpoint": checkpoint}

    def encrypt_weights(self, weights: np.ndarray, number: int) -> EncryptedVector:
        encoded = [round(float(w) * 2**64) << (WEIGHT_FRACTIONAL_BITS - 64) for w in weights]
        bound = self.plan.weight_bound(number, WEIGHT_FRACTIONAL_BITS)
        return EncryptedVector.encrypt(self.randomizer, encoded, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=bound)

    def decrypt_weights(self, vector: EncryptedVector) -> np.ndarray:
        return np.array([self.secret_key.decrypt(c) / (1 << vector.fractional_bits) for c in vector.ciphertexts])

    def train_task(self, address: str, number: int) -> TrainTask:
        return TrainTask(
            **self.head(number, self.plan.spec.checkpoint_of(number)),
            weights=CiphertextVector.of(self.weights, unsafe_not_rerandomized=AS_THE_AGGREGATOR),
            averaging_weight=self.shares[address],
            averaging_total=sum(self.shares.values()),
        )

    def updates(self, number: int, *, missing: Iterable[str] = ()) -> dict[str, EncryptedVector]:
        scale = self.weights.fractional_bits + MATRIX_FRACTIONAL_BITS
        bound = self.plan.weight_bound(number, scale)
        results = {
            address: trainer.train(self.train_task(address, number), self.randomizer)
            for address, trainer in self._training.items()
            if address not in missing
        }
        form = {"count": self.plan.spec.n_weights, "fractional_bits": scale, "bound": bound}
        return {address: result.update.to_vector(self.context.key, **form) for address, result in results.items()}

    def refresh(self, number: int, checkpoint: int, models: Sequence[EncryptedVector]) -> list[EncryptedVector]:
        seed = draw_seed()
        task = mask_weights(self.context, models, seed, self.randomizer, round_number=number, checkpoint=checkpoint)
        fresh = check_refresh(self.context, task, self.buyer.refresh(task))
        return unmask_weights(self.context, task, fresh, seed)

    def evaluate_task(self, number: int, checkpoint: int, models: Sequence[EncryptedVector]) -> EvaluateTask:
        wire = tuple(CiphertextVector.of(model, unsafe_not_rerandomized=AS_THE_AGGREGATOR) for model in models)
        return EvaluateTask(**self.head(number, checkpoint), candidates=wire)

    def square_task(self, task: EvaluateTask) -> SquareTask:
        residuals = tuple(self.residuals(owner, task) for owner in self.validators)
        return SquareTask(**self.head(task.round, task.checkpoint), validators=residuals)

    def residuals(self, owner: Owner, task: EvaluateTask) -> ValidatorResiduals:
        result = self._validating[owner.address].evaluate(task, self.randomizer, owner.sign)
        self.evaluated[owner.address, task.checkpoint] = result
        return ValidatorResiduals(
            validator=owner.address,
            candidates_digest="0x" + candidates_digest([one.digest() for one in task.candidates]).hex(),
            masked=result.masked,
            corrections=result.corrections,
            signature=result.signature,
        )

    def statement(self, task: EvaluateTask, squares: ValidatorSquares) -> ValidatorStatement:
        owner = next(owner for owner in self.validators if owner.address == squares.validator)
        unmask = UnmaskTask(
            **self.head(task.round, task.checkpoint),
            candidates=task.candidates,
            squares=squares.squares,
            scaled_squares=squares.scaled_squares,
        )
        evaluated = self.evaluated[owner.address, task.checkpoint]
        return self._validating[owner.address].unmask(unmask, evaluated, self.randomizer, owner.sign).statement

    def statements(
        self, task: EvaluateTask, *, lie: Callable[[ValidatorSquares], ValidatorSquares] = lambda honest: honest
    ) -> tuple[ValidatorStatement, ...]:
        """The validators' statements after the buyer squared; `lie` is what a dishonest buyer sends instead."""
        squares = self.buyer.square(self.square_task(task), recover_message).result.validators
        return tuple(self.statement(task, lie(item)) for item in squares)

    def open_without_checks(self, statements: Sequence[ValidatorStatement], task: EvaluateTask) -> VerifyTask:
        """What a buyer that opens whatever it is given sends round."""
        checked = check_statements(
            self.context, statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover_message
        )
        zeros = [vector.ciphertexts[0] for vector in checked.zero_checks]
        sums, zero_checks = (
            tuple(
                OpenedValue(value=hex(one.value), randomness=hex(one.randomness))
                for one in map(self.secret_key.open, c)
            )
            for c in (checked.sums.ciphertexts, zeros)
        )
        head = self.head(task.round, task.checkpoint)
        return VerifyTask(**head, statements=tuple(statements), sums=sums, zero_checks=zero_checks)

    def verify(self, task: VerifyTask) -> CheckpointValues:
        """The aggregator's check of what the buyer opened."""
        checked = check_statements(
            self.context, task.statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover_message
        )
        return verify_checkpoint(self.context, checked, task.sums, task.zero_checks)

    def evaluate(self, number: int, checkpoint: int, models: Sequence[EncryptedVector]) -> CheckpointValues:
        task = self.evaluate_task(number, checkpoint, models)
        statements = self.statements(task)
        head = self.head(number, checkpoint)
        opened = self.buyer.open(OpenTask(**head, statements=statements), recover_message)
        verify = VerifyTask(**head, statements=statements, sums=opened.sums, zero_checks=opened.zero_checks)
        assert self.verify(verify) == opened.values
        for validator in self._validating.values():
            assert validator.verify(verify, recover_message).accepted
        self.values.append(opened.values)
        return opened.values

    def run(self, *, missing: Callable[[int], Iterable[str]] = lambda _: ()) -> np.ndarray:
        """Train to the end; `missing` names the trainers that do not answer in a round."""
        spec, checkpoint = self.plan.spec, 0
        self.evaluate(0, 0, [self.weights])
        for number in range(1, spec.rounds + 1):
            updates, previous = self.updates(number, missing=missing(number)), self.weights
            bound = next(iter(updates.values())).bound
            if spec.is_checkpoint(number):
                checkpoint += 1
                models = candidates(updates, self.shares, self.context.trainers, previous, bound=bound)
                models = self.refresh(number, checkpoint, models)
                self.weights = models[0]
                self.evaluate(number, checkpoint, models)
                continue
            self.weights = average(updates, self.shares, bound=bound)
            if not self.plan.can_train(number + 1, self.weights.fractional_bits):
                (self.weights,) = self.refresh(number, checkpoint, [self.weights])
        return self.deliver(spec.rounds)

    def deliver(self, number: int) -> np.ndarray:
        seed = draw_seed()
        bits = self.plan.mask_bits(number, WEIGHT_FRACTIONAL_BITS)
        mask = delivery_mask(seed, JOB_ID, len(self.weights), bits)
        delivered = self.weights.add_encoded(mask).rerandomize(self.randomizer)
        return self.buyer.unmask_delivery(delivered, seed, round_number=number)
