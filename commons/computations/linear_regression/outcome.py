"""From the delivered weights to the model that the buyer paid for.

Before `finalize` the buyer holds [w + s]; nothing decrypts it earlier, and it would show nothing. The seed of s, once
it is on chain, gives w. The final [w], which the aggregator shows after settlement, must decrypt to the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from commons.ciphers.paillier import SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.base import Predictor
from commons.computations.job_facts import StartedJob
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.prediction import predict_rows
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.statements import candidates_digest
from commons.computations.parts import SignedDelivery
from commons.errors import InvalidInput
from commons.messages import FrozenModel, Hex32

Job = StartedJob[LinearRegressionSpec]


class FinalWeights(FrozenModel):
    """What the aggregator shows after settlement.

    `candidate_digests` are those of all models of the last checkpoint, whose common digest the validators signed; the first
    is that of `final`. Without them `final` would be the aggregator's word only.
    """

    final: CiphertextVector
    candidate_digests: tuple[Hex32, ...] = Field(min_length=1)


@dataclass(frozen=True)
class TrainedModel(Predictor):
    """The model, in original units."""

    model: LinearModel

    def to_json(self) -> str:
        """As `LinearModel` writes it."""
        return self.model.to_json()

    def facts(self) -> Sequence[tuple[str, str]]:
        """The weights."""
        model = self.model
        weights = zip(model.features, model.weights, strict=True)
        return [
            ("predicts", f"{model.target.name} {model.target.unit}".rstrip()),
            *((feature.name, f"{weight:.6g}") for feature, weight in weights),
            ("intercept", f"{model.intercept:.6g}"),
        ]

    @property
    def feature_names(self) -> Sequence[str]:
        """In the order of the weights."""
        return self.model.feature_names

    @property
    def target(self) -> tuple[str, str]:
        """Name and unit."""
        return self.model.target.name, self.model.target.unit

    def predict(self, rows: Sequence[Mapping[str, object]], *, first: int = 1) -> list[float]:
        """One prediction a row, in the target's unit."""
        return predict_rows(self.model, rows, first=first)

    def sklearn_attributes(self) -> Mapping[str, Any]:
        """Of a `sklearn.linear_model.LinearRegression`."""
        return {
            "coef_": list(self.model.weights),
            "intercept_": self.model.intercept,
            "n_features_in_": len(self.model.features),
            "feature_names_in_": list(self.model.feature_names),
        }


def unmask(job: Job, secret_key: SecretKey, delivery: SignedDelivery, seed: bytes) -> npt.NDArray[np.float64]:
    """The trained weights, shape (d,), bias last, in the units of training."""
    context, round_number = context_of(job), delivery.statement.round
    delivered = delivery.delivered.to_vector(
        context.key,
        count=context.plan.spec.n_weights,
        fractional_bits=WEIGHT_FRACTIONAL_BITS,
        bound=context.plan.masked_bound(round_number, WEIGHT_FRACTIONAL_BITS),
    )
    return KeyHolder(context, secret_key).unmask_delivery(delivered, seed, round_number=round_number)


def is_as_signed(
    job: Job, secret_key: SecretKey, delivery: SignedDelivery, seed: bytes, evidence: Mapping[str, Any]
) -> bool:
    """Whether what was delivered is the final model, and that is the one that the validators signed.

    Raises:
        InvalidInput, InvalidCiphertext: the evidence is malformed.
    """
    try:
        shown = FinalWeights.model_validate(evidence)
    except ValidationError as error:
        raise InvalidInput("the aggregator's evidence is not the final weights", field="evidence") from error
    context = context_of(job)
    final = shown.final.to_vector(
        context.key,
        count=context.plan.spec.n_weights,
        fractional_bits=WEIGHT_FRACTIONAL_BITS,
        bound=context.plan.weight_bound(delivery.statement.round, WEIGHT_FRACTIONAL_BITS),
    )
    digests = [bytes.fromhex(digest[2:]) for digest in shown.candidate_digests]
    signed = bytes.fromhex(delivery.details["candidates_digest"][2:])
    if digests[0] != final.digest() or candidates_digest(digests) != signed:
        return False
    weights = unmask(job, secret_key, delivery, seed)
    return bool(np.array_equal(KeyHolder(context, secret_key).decrypt_final(final), weights))
