"""Learning on plain numbers: what owners compute from their rows, and what the marketplace computes from errors.

Nothing here reads a file, a socket or a clock.
"""

from commons.computations.linear_regression.learning.federated import (
    FederatedRound,
    federated_gradient_descent,
    mean_squared_error,
)
from commons.computations.linear_regression.learning.gradient_map import GradientMap, gradient_map, learning_rate_limit
from commons.computations.linear_regression.learning.gram import GramAccumulator, GramStatistics
from commons.computations.linear_regression.learning.linear_model import LinearModel
from commons.computations.linear_regression.learning.quadratic_metric import QuadraticMetric, QuadraticMetricAccumulator
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.market.contribution import leave_one_out_contributions
from commons.market.payout import Payout, payout, payout_of_job

__all__ = [
    "FeatureRange",
    "FederatedRound",
    "GradientMap",
    "GramAccumulator",
    "GramStatistics",
    "LinearModel",
    "Payout",
    "QuadraticMetric",
    "QuadraticMetricAccumulator",
    "RangeScaling",
    "federated_gradient_descent",
    "gradient_map",
    "learning_rate_limit",
    "leave_one_out_contributions",
    "mean_squared_error",
    "payout",
    "payout_of_job",
]
