"""Learning on plain numbers: what owners compute from their rows, and what the marketplace computes from errors.

Nothing here reads a file, a socket or a clock.
"""

from commons.learning.contribution import leave_one_out_contributions
from commons.learning.federated import FederatedRound, federated_gradient_descent, mean_squared_error
from commons.learning.gradient_map import GradientMap, gradient_map, learning_rate_limit
from commons.learning.gram import GramAccumulator, GramStatistics
from commons.learning.linear_model import LinearModel
from commons.learning.payout import Payout, payout, payout_of_job
from commons.learning.quadratic_metric import QuadraticMetric, QuadraticMetricAccumulator
from commons.learning.scaling import FeatureRange, RangeScaling

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
