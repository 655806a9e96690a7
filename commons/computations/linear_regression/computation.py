"""Linear regression as one kind of computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.base import Computation, Outcome
from commons.computations.job_facts import (
    Learnt,
    ParallelMap,
    Party,
    Pay,
    RecoverSigner,
    RoleRule,
    SignCheckpoint,
    StartedJob,
)
from commons.computations.linear_regression import messages
from commons.computations.linear_regression.aggregator import LinearRegressionAggregator
from commons.computations.linear_regression.buyer import LinearRegressionBuyer
from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.numeric_plan import NumericPlan, growth_of
from commons.computations.linear_regression.outcome import TrainedModel, is_as_signed, unmask
from commons.computations.linear_regression.own_statistics import declare_statistics, read_statistics
from commons.computations.linear_regression.owner import LinearRegressionOwner
from commons.computations.linear_regression.spec import Feature, LinearRegressionSpec
from commons.computations.parts import AggregatorPart, BuyerPart, OwnerPart, OwnerSecrets, SignedDelivery
from commons.errors import DatasetInvalid
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms
from commons.market.requirements import RequiredColumn, Requirements
from commons.market.roles import trainer_count
from commons.tables.table import Table

Job = StartedJob[LinearRegressionSpec]


class LinearRegression(Computation[LinearRegressionSpec]):
    """Federated gradient descent on encrypted weights, measured by validators at checkpoints, paid by improvement."""

    kind = "linear_regression"
    spec = LinearRegressionSpec
    tasks = (
        messages.TrainTask,
        messages.RefreshTask,
        messages.EvaluateTask,
        messages.SquareTask,
        messages.UnmaskTask,
        messages.OpenTask,
        messages.VerifyTask,
        messages.DeliverTask,
    )
    results = (
        messages.TrainResult,
        messages.RefreshResult,
        messages.EvaluateResult,
        messages.SquareResult,
        messages.UnmaskResult,
        messages.OpenResult,
        messages.VerifyResult,
        messages.DeliverResult,
    )
    pay = Pay.IMPROVEMENT
    roles = RoleRule(trainer_count)

    def learns(self, spec: LinearRegressionSpec) -> Sequence[Learnt]:
        """What each party learns."""
        return _LEARNS

    def requirements(self, spec: LinearRegressionSpec) -> Requirements:
        """Features and target, every cell a number in its range."""
        columns = (*(_column(one, "feature") for one in spec.features), _column(spec.target, "target"))
        return Requirements(columns)

    def rounds(self, spec: LinearRegressionSpec) -> int:
        """As specified; early stopping may end sooner."""
        return spec.rounds

    def require_headroom(
        self, terms: JobTerms, spec: LinearRegressionSpec, key_bits: int, declarations: Sequence[Declaration] = ()
    ) -> None:
        """The job goes by the largest growth and the largest row count of all its owners."""
        growth = max(map(growth_of, declarations), default=1.0)
        row_counts = tuple(one.row_count for one in declarations) or (terms.min_rows,)
        NumericPlan(spec, key_bits, growth).require_headroom(row_counts)

    def declare(
        self,
        terms: JobTerms,
        spec: LinearRegressionSpec,
        key_bits: int,
        table: Table,
        consents: Sequence[str],
    ) -> tuple[int, dict[str, Any]]:
        """The number of rows, and a coarse bound of how much local steps grow."""
        row_count, growth = declare_statistics(table, spec, min_rows=terms.min_rows, key_bits=key_bits)
        return row_count, {"growth": growth}

    def aggregator(self) -> AggregatorPart[LinearRegressionSpec]:
        """The aggregator's part."""
        return LinearRegressionAggregator()

    def owner(self, job: Job, secrets: OwnerSecrets, table: Table, randomizer: Randomizer) -> OwnerPart:
        """A trainer's or a validator's part."""
        statistics = read_statistics(table, job.spec, min_rows=job.terms.min_rows)
        declared = job.declaration_of(secrets.address).row_count
        if statistics.row_count != declared:
            raise DatasetInvalid(
                f"the data set has {statistics.row_count} rows, but job {job.job_id} was accepted with {declared}; "
                "restore the file as it was"
            )
        return LinearRegressionOwner(job, secrets, statistics, randomizer)

    def buyer(
        self,
        job: Job,
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
        parallel_map: ParallelMap = map,
    ) -> BuyerPart:
        """The key holder's part."""
        return LinearRegressionBuyer(job, secret_key, sign_checkpoint, recover, parallel_map)

    def outcome(self, job: Job, secret_key: SecretKey, delivery: SignedDelivery, seed: bytes) -> Outcome:
        """The model in original units."""
        weights = unmask(job, secret_key, delivery, seed)
        return TrainedModel(LinearModel.from_training(job.spec.range_scaling(), weights))

    def read_outcome(self, text: str) -> Outcome:
        """The model whose JSON this is."""
        return TrainedModel(LinearModel.from_json(text))

    def compare(
        self,
        job: Job,
        secret_key: SecretKey,
        delivery: SignedDelivery,
        seed: bytes,
        evidence: Mapping[str, Any],
    ) -> bool | None:
        """Whether the delivered weights are the ones that the validators evaluated."""
        return is_as_signed(job, secret_key, delivery, seed, evidence)


def _column(feature: Feature, role: str) -> RequiredColumn:
    return RequiredColumn(
        name=feature.name,
        role=role,
        minimum=feature.minimum,
        maximum=feature.maximum,
        unit=feature.unit,
        should_vary=True,
    )


_LEARNS = (
    Learnt(
        party=Party.MODEL_BUYER,
        code="model",
        text="the trained weights, once everybody has been paid",
    ),
    Learnt(
        party=Party.MODEL_BUYER,
        code="errors",
        text="at each checkpoint each validator's sum of squared errors, with a little noise",
    ),
    Learnt(
        party=Party.AGGREGATOR,
        code="nothing_encrypted",
        text="no weights, updates or residuals: what passes through it is encrypted",
    ),
    Learnt(
        party=Party.DATA_OWNERS,
        code="nothing_of_others",
        text="nothing of each other's rows, and not the model",
    ),
    Learnt(
        party=Party.EVERYBODY,
        code="metric",
        text="row counts, the error of the model and of the model without each trainer, and everybody's pay",
    ),
)
