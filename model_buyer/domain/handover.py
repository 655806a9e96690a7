"""From the delivered weights to the model that the buyer paid for.

Before `finalize` the buyer holds [w + s]; nothing decrypts it earlier, and it would show nothing. The seed of s, once
it is on chain, gives w. The final [w], which the aggregator shows after settlement, must decrypt to the same numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.learning import FeatureRange, LinearModel, RangeScaling
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.spec import Feature, TrainingJobSpec
from commons.computations.linear_regression.statements import candidates_digest
from commons.messages import FrozenModel, Hex32
from model_buyer.domain.posted_job import DeliveryCheck, SignedDelivery


class FinalWeights(FrozenModel):
    """What the aggregator shows after settlement.

    `candidate_digests` are those of all models of the last checkpoint, whose common digest the validators signed; the first
    is that of `final`. Without them `final` would be the aggregator's word only.
    """

    final: CiphertextVector
    candidate_digests: tuple[Hex32, ...] = Field(min_length=1)


def unmask(context: JobContext, holder: KeyHolder, delivery: SignedDelivery, seed: bytes) -> npt.NDArray[np.float64]:
    """The trained weights, shape (d,), bias last, in the units of training."""
    round_number = delivery.round
    delivered = delivery.delivered.to_vector(
        context.key,
        count=context.plan.spec.n_weights,
        fractional_bits=WEIGHT_FRACTIONAL_BITS,
        bound=context.plan.masked_bound(round_number, WEIGHT_FRACTIONAL_BITS),
    )
    return holder.unmask_delivery(delivered, seed, round_number=round_number)


def to_model(spec: TrainingJobSpec, weights: npt.NDArray[np.float64]) -> LinearModel:
    """The model in original units, from trained weights (d,), bias last."""
    scaling = RangeScaling(
        features=tuple(_range(feature) for feature in spec.features),
        target=_range(spec.target),
        mode=spec.scaling.value,
    )
    return LinearModel.from_training(scaling, weights)


def compare(
    context: JobContext,
    holder: KeyHolder,
    delivery: SignedDelivery,
    shown: FinalWeights,
    weights: npt.NDArray[np.float64],
) -> DeliveryCheck:
    """Whether `weights` are those of the final model, and that is the one that the validators signed.

    Raises:
        InvalidCiphertext: if the shown weights are malformed.
    """
    final = shown.final.to_vector(
        context.key,
        count=context.plan.spec.n_weights,
        fractional_bits=WEIGHT_FRACTIONAL_BITS,
        bound=context.plan.weight_bound(delivery.round, WEIGHT_FRACTIONAL_BITS),
    )
    digests = [bytes.fromhex(digest[2:]) for digest in shown.candidate_digests]
    if digests[0] != final.digest() or candidates_digest(digests) != delivery.candidates_digest:
        return DeliveryCheck.DIFFERS
    return DeliveryCheck.MATCHES if np.array_equal(holder.decrypt_final(final), weights) else DeliveryCheck.DIFFERS


def _range(feature: Feature) -> FeatureRange:
    return FeatureRange(feature.name, feature.minimum, feature.maximum, feature.unit)
