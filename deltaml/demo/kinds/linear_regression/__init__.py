"""The demo of linear regression."""

from deltaml.demo.kinds.linear_regression.job import LinearRegressionJob
from deltaml.demo.kinds.linear_regression.options import LinearRegressionOptions
from deltaml.demo.kinds.linear_regression.regression_table import RegressionTable

__all__ = ["LinearRegressionJob", "LinearRegressionOptions", "RegressionTable"]
