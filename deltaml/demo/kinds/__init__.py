"""What the demo knows of each kind of computation; everything else in it serves all kinds.

A kind is a folder here and a line in the table: its options, which read the data and give a `DemoJob`.
"""

from __future__ import annotations

from collections.abc import Mapping

from deltaml.demo.kinds.base import DemoJob, KindOptions
from deltaml.demo.kinds.linear_regression import LinearRegressionOptions
from deltaml.demo.kinds.statistics import StatisticsOptions

__all__ = ["KINDS", "DemoJob", "KindOptions"]

KINDS: Mapping[str, type[KindOptions]] = {one.kind: one for one in (LinearRegressionOptions, StatisticsOptions)}
"""By the name of the kind."""
