"""From the delivery and the published seed to the statistics, in the clear."""

from __future__ import annotations

from collections.abc import Sequence

from commons.ciphers.paillier import SecretKey
from commons.computations.base import Outcome
from commons.computations.job_facts import StartedJob
from commons.computations.parts import SignedDelivery
from commons.computations.statistics.buyer import ANSWERED
from commons.computations.statistics.doubts import UNREADABLE, find_doubts
from commons.computations.statistics.moments import correlation_matrix, extent, mean, variance
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.report import (
    CategoryStatistics,
    Correlation,
    Doubt,
    Histogram,
    NumberStatistics,
    StatisticsReport,
)
from commons.computations.statistics.spec import CategoryColumn, NumberColumn, StatisticsSpec
from commons.computations.statistics.sums import CategorySums, NumberSums, TableSums
from commons.errors import InvalidInput
from commons.market.delivery import delivery_mask


class StatisticsOutcome(Outcome):
    """A report, as it is stored and shown."""

    def __init__(self, report: StatisticsReport) -> None:
        self.report = report

    def to_json(self) -> str:
        """The report as JSON."""
        return self.report.model_dump_json()

    def facts(self) -> Sequence[tuple[str, str]]:
        """Owners, rows, a line for each column, and what is in doubt."""
        lines = [("owners", str(self.report.owners)), ("rows", str(self.report.rows))]
        lines += [(name, _line(one)) for name, one in self.report.columns.items()]
        return [*lines, *(("doubt", doubt.text) for doubt in self.report.doubts)]


def read_report(text: str) -> StatisticsOutcome:
    """The outcome whose `to_json` this is."""
    return StatisticsOutcome(StatisticsReport.model_validate_json(text))


def unmasked_outcome(
    job: StartedJob[StatisticsSpec], secret_key: SecretKey, delivery: SignedDelivery, seed: bytes
) -> StatisticsOutcome:
    """The statistics of a delivery.

    Args:
        job: public facts.
        secret_key: of the job.
        delivery: with the addresses of who answered in its details.
        seed: of the delivery mask, as published.

    Raises:
        InvalidCiphertext: the delivery is not the one that was signed for.
    """
    answered: list[str] = list(delivery.details[ANSWERED])
    signed_rows = sum(job.declaration_of(owner).row_count for owner in answered)
    try:
        sums = _unmasked_sums(job, secret_key, delivery, seed)
        doubts = find_doubts(job.spec, sums, signed_rows)
    except InvalidInput as error:
        if not str(error.fields.get("field", "")).startswith("plaintexts"):
            raise
        sums, doubts = TableSums.of_vector(job.spec, [0] * job.spec.sum_count), [UNREADABLE]
    return StatisticsOutcome(make_report(job.spec, sums, owners=len(answered), doubts=doubts))


def make_report(
    spec: StatisticsSpec, sums: TableSums, *, owners: int, doubts: Sequence[Doubt] = ()
) -> StatisticsReport:
    """The report of pooled sums; moments and correlations that are in doubt are left out.

    Args:
        spec: the columns.
        sums: over all owners that answered.
        owners: how many these are.
        doubts: about the sums.
    """
    doubtful = {doubt.column for doubt in doubts if doubt.column is not None}
    columns: dict[str, NumberStatistics | CategoryStatistics] = {}
    for column, found in zip(spec.columns, sums.columns, strict=True):
        if isinstance(column, NumberColumn) and isinstance(found, NumberSums):
            columns[column.name] = _number(column, found, sums.rows, with_moments=column.name not in doubtful)
        elif isinstance(column, CategoryColumn) and isinstance(found, CategorySums):
            columns[column.name] = _category(column, found, sums.rows)
    correlation = None
    if sums.products is not None:
        names = tuple(column.name for column in spec.numbers)
        nothing = ((None,) * len(names),) * len(names)
        is_doubtful = any(doubt.code == "correlation" for doubt in doubts)
        correlation = Correlation(columns=names, matrix=nothing if is_doubtful else correlation_matrix(sums.products))
    return StatisticsReport(
        owners=owners, rows=sums.rows, columns=columns, correlation=correlation, doubts=tuple(doubts)
    )


def _unmasked_sums(
    job: StartedJob[StatisticsSpec], secret_key: SecretKey, delivery: SignedDelivery, seed: bytes
) -> TableSums:
    plan = SumPlan.of(job)
    vector = delivery.delivered.to_vector(
        job.key, count=plan.ciphertext_count, fractional_bits=0, bound=plan.masked_bound
    )
    mask = delivery_mask(seed, job.job_id, plan.ciphertext_count, plan.mask_bits)
    plaintexts = [value - hidden for value, hidden in zip(secret_key.decrypt_vector(vector), mask, strict=True)]
    return TableSums.of_vector(job.spec, plan.layout.unpack(plaintexts))


def _number(column: NumberColumn, sums: NumberSums, rows: int, *, with_moments: bool) -> NumberStatistics:
    low, high = extent(column, sums)
    return NumberStatistics(
        count=sums.count,
        missing=max(rows - sums.count, 0),
        mean=mean(column, sums) if with_moments else None,
        variance=variance(column, sums) if with_moments else None,
        minimum=low,
        maximum=high,
        histogram=Histogram(edges=tuple(column.edges().tolist()), counts=sums.bins),
    )


def _category(column: CategoryColumn, sums: CategorySums, rows: int) -> CategoryStatistics:
    count = sum(sums.levels)
    return CategoryStatistics(
        count=count, missing=max(rows - count, 0), levels=dict(zip(column.levels, sums.levels, strict=True))
    )


def _line(column: NumberStatistics | CategoryStatistics) -> str:
    if isinstance(column, CategoryStatistics):
        levels = ", ".join(f"{level} {count}" for level, count in column.levels.items())
        return f"{levels}; {column.missing} missing"
    if column.mean is None or column.variance is None:
        return f"{column.count} values, {column.missing} missing"
    return (
        f"mean {column.mean:.6g}, standard deviation {column.variance**0.5:.6g}, from {column.minimum:.6g} to "
        f"{column.maximum:.6g}, {column.missing} missing"
    )
