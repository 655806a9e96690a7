"""Statistics as a kind of computation: what the market asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.base import Computation, Outcome
from commons.computations.job_facts import (
    ComputationSpec,
    Learnt,
    ParallelMap,
    Pay,
    RecoverSigner,
    RoleRule,
    SignCheckpoint,
    StartedJob,
)
from commons.computations.parts import AggregatorPart, BuyerPart, OwnerPart, OwnerSecrets, SignedDelivery
from commons.computations.statistics.aggregator import StatisticsAggregator
from commons.computations.statistics.buyer import StatisticsBuyer
from commons.computations.statistics.cells import checked_blocks
from commons.computations.statistics.disclosure import what_is_learnt
from commons.computations.statistics.members import require_consents
from commons.computations.statistics.messages import DeliverResult, DeliverTask, SumResult, SumTask
from commons.computations.statistics.outcome import read_report, unmasked_outcome
from commons.computations.statistics.owner import StatisticsOwner
from commons.computations.statistics.pay import equal_parts, require_equal_parts, trainers_of
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.spec import CategoryColumn, NumberColumn, StatisticsSpec
from commons.errors import InvalidInput
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms, PayTerms
from commons.market.requirements import ColumnKind, RequiredColumn, Requirements
from commons.market.tasks import TaskBody, TaskResult
from commons.tables.table import Table


class Statistics(Computation[StatisticsSpec]):
    """Pooled facts of columns, over at least three owners."""

    kind: ClassVar[str] = "statistics"
    spec: ClassVar[type[ComputationSpec]] = StatisticsSpec
    tasks: ClassVar[tuple[type[TaskBody], ...]] = (SumTask, DeliverTask)
    results: ClassVar[tuple[type[TaskResult], ...]] = (SumResult, DeliverResult)
    pay: ClassVar[Pay] = Pay.PER_ANSWER
    roles: ClassVar[RoleRule] = RoleRule(n_trainers=trainers_of, may_choose=False, exact=True)

    def learns(self, spec: StatisticsSpec) -> Sequence[Learnt]:
        """What each party learns (`statistics.disclosure`)."""
        return what_is_learnt(spec)

    def requirements(self, spec: StatisticsSpec) -> Requirements:
        """The columns, whose cells may be missing; a consent to correlations where they are asked for."""
        return Requirements(columns=tuple(map(_required, spec.columns)), consents=spec.consents, answered_once=True)

    def pay_terms(self, min_owners: int) -> PayTerms:
        """A tenth for the aggregator, the rest in equal parts."""
        return equal_parts(min_owners)

    def require_terms(self, terms: JobTerms, spec: StatisticsSpec) -> None:
        """Three owners at least, and equal parts for them."""
        require_equal_parts(terms)

    def require_headroom(
        self, terms: JobTerms, spec: StatisticsSpec, key_bits: int, declarations: Sequence[Declaration] = ()
    ) -> None:
        """Every sum with its mask must fit the key, and whoever has declared must have agreed to what is asked for."""
        for declaration in declarations:
            require_consents(spec, declaration)
        _ = SumPlan.for_declarations(spec, key_bits, declarations).layout

    def declare(
        self, terms: JobTerms, spec: StatisticsSpec, key_bits: int, table: Table, consents: Sequence[str]
    ) -> tuple[int, dict[str, Any]]:
        """Check every cell; the facts are the consents that the job needs."""
        if missing := sorted(set(spec.consents) - set(consents)):
            raise InvalidInput(
                f"consents: the job asks for {', '.join(missing)}, which you have to agree to", field="consents"
            )
        row_count = sum(block.row_count for block in checked_blocks(spec, table, min_rows=terms.min_rows))
        _ = SumPlan(spec, key_bits, row_count).layout
        return row_count, {"consents": list(spec.consents)}

    def aggregator(self) -> AggregatorPart[StatisticsSpec]:
        """The aggregator's part."""
        return StatisticsAggregator()

    def owner(
        self, job: StartedJob[StatisticsSpec], secrets: OwnerSecrets, table: Table, randomizer: Randomizer
    ) -> OwnerPart:
        """An owner's part."""
        return StatisticsOwner(job, secrets, table, randomizer)

    def buyer(
        self,
        job: StartedJob[StatisticsSpec],
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
        parallel_map: ParallelMap = map,
    ) -> BuyerPart:
        """The buyer's part; it decrypts nothing, so there is nothing to do in parallel."""
        return StatisticsBuyer(job, secret_key, sign_checkpoint, recover)

    def outcome(
        self, job: StartedJob[StatisticsSpec], secret_key: SecretKey, delivery: SignedDelivery, seed: bytes
    ) -> Outcome:
        """The report; what is doubtful about the sums stands in it."""
        return unmasked_outcome(job, secret_key, delivery, seed)

    def read_outcome(self, text: str) -> Outcome:
        """The report of a JSON document."""
        return read_report(text)


def _required(column: NumberColumn | CategoryColumn) -> RequiredColumn:
    if isinstance(column, CategoryColumn):
        return RequiredColumn(column.name, "column", ColumnKind.CATEGORY, levels=column.levels, may_be_missing=True)
    return RequiredColumn(
        column.name,
        "column",
        minimum=column.minimum,
        maximum=column.maximum,
        unit=column.unit,
        may_be_missing=True,
    )


STATISTICS = Statistics()
