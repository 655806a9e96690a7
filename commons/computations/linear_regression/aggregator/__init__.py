"""The aggregator's part of a linear regression: what each step asks, and what is made of the answers."""

from commons.computations.linear_regression.aggregator.part import LinearRegressionAggregator

__all__ = ["LinearRegressionAggregator"]
