"""What each party learns from statistics, in plain sentences (`docs/security.md` says more)."""

from __future__ import annotations

from collections.abc import Sequence

from commons.computations.job_facts import Learnt, Party
from commons.computations.statistics.spec import StatisticsSpec

_COLUMNS = Learnt(
    party=Party.MODEL_BUYER,
    code="pooled_columns",
    text="of each column, over the rows of all owners that answer together: how many cells are filled and how many are missing, "
    "of numbers the mean, the variance and a histogram, of categories how often each level occurs",
)
_CORRELATIONS = Learnt(
    party=Party.MODEL_BUYER,
    code="pooled_correlations",
    text="the correlations of all columns of numbers, over the complete rows of all owners together; with means and variances "
    "these are as good as a linear regression of any of the columns on the others",
)
_DIFFERENCES = Learnt(
    party=Party.MODEL_BUYER,
    code="differences",
    text="the sums of one owner alone, if the buyer controls all the others, or if it asks twice and only this owner is "
    "another one",
)
_WITH_AGGREGATOR = Learnt(
    party=Party.MODEL_BUYER,
    code="with_aggregator",
    text="the sums of each owner alone, if buyer and aggregator work together: one has what they sent, the other the key",
)
_OWNERS = Learnt(
    party=Party.DATA_OWNERS,
    code="row_counts",
    text="with how many rows each of the others takes part; nothing else of their rows, and not the result",
)
_AGGREGATOR = Learnt(
    party=Party.AGGREGATOR,
    code="who_answered",
    text="who answers, and with how many rows each owner takes part; the sums are encrypted, and it has no key",
)
_EVERYBODY = Learnt(
    party=Party.EVERYBODY,
    code="job_and_pay",
    text="that there is this job, with its columns, ranges and levels, which accounts take part, and what each is paid",
)


def what_is_learnt(spec: StatisticsSpec) -> Sequence[Learnt]:
    """What each party learns from a job."""
    correlations = (_CORRELATIONS,) if spec.correlation else ()
    return (_COLUMNS, *correlations, _DIFFERENCES, _WITH_AGGREGATOR, _OWNERS, _AGGREGATOR, _EVERYBODY)
