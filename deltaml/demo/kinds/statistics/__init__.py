"""The demo of statistics."""

from deltaml.demo.kinds.statistics.cell_table import CellColumn, CellTable
from deltaml.demo.kinds.statistics.job import StatisticsJob
from deltaml.demo.kinds.statistics.options import StatisticsOptions

__all__ = ["CellColumn", "CellTable", "StatisticsJob", "StatisticsOptions"]
