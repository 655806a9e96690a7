"""Statistics: pooled facts of columns over at least three owners, from one encrypted vector of sums of each.

::

    owners  ── [packed sums], signed ──►  aggregator  ── [Σ sums + mask], who signed ──►  buyer
    owners  ◄── pay ──  chain  ◄── mask's seed ──  aggregator  ◄── three signatures ──  buyer
                          └── mask's seed ──► buyer: sums, from them means, variances, histograms, correlations

A value x of a declared range [lo, hi] counts as v = round((x − lo)/(hi − lo)·2^52), an exact integer; then

    mean = lo + (hi − lo)·Σv/(n·2^52)        variance = (hi − lo)²·(n·Σv² − (Σv)²)/(n²·2^104)

so two owners that have 20 and 60, and 40, of a column from 0 to 100 make

>>> from commons.computations.statistics.moments import mean, variance
>>> from commons.computations.statistics.spec import NumberColumn
>>> from commons.computations.statistics.sums import ONE, NumberSums
>>> age = NumberColumn(name="age", minimum=0, maximum=100, bins=2)
>>> values = [round(x / 100 * ONE) for x in (20, 60, 40)]
>>> sums = NumberSums(len(values), sum(values), sum(v * v for v in values), (2, 1))
>>> round(mean(age, sums), 12), round(variance(age, sums), 9) == round(800 / 3, 9)
(40.0, True)

The way in: `spec` (what a buyer asks), `sums` (what is summed), `summing` (how, exactly), `slots` and `plan` (how sums are
packed), `messages`, `owner`, `aggregator` and `buyer` (the protocol), `outcome` (what comes of it), `computation` (all of this
for the market).
"""

from commons.computations.statistics.computation import STATISTICS, Statistics
from commons.computations.statistics.spec import StatisticsSpec

__all__ = ["STATISTICS", "Statistics", "StatisticsSpec"]
