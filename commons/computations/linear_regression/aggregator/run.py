"""A job at one of its steps, with its values in the types that the steps work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import TypeAdapter

from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.job_context import JobContext, context_of
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.statements import candidates_digest
from commons.computations.parts import AggregatorJob, Value
from commons.market.tasks import Step

WEIGHTS = "weights"
"""The model as it is."""
CANDIDATES = "candidates"
"""The models of the present checkpoint, in the order of `linear_regression.messages`."""

_WHY_MODELS_ARE_NOT = (
    "what trainers re-randomised, with public factors, or what the buyer encrypted, less a mask; trainers and validators "
    "get it, who cannot decrypt. The buyer, who could recognise its own ciphertexts and so the mask, gets it masked and "
    "re-randomised, and as it is only when everybody is paid"
)

_VECTORS: TypeAdapter[list[CiphertextVector]] = TypeAdapter(list[CiphertextVector])


@dataclass(frozen=True)
class Run:
    """A job at a step."""

    job: AggregatorJob[LinearRegressionSpec]
    step: Step

    @cached_property
    def context(self) -> JobContext:
        """The public facts in the form that the protocol's steps need."""
        return context_of(self.job.started)

    @property
    def spec(self) -> LinearRegressionSpec:
        """What is computed."""
        return self.job.started.spec

    @property
    def plan(self) -> NumericPlan:
        """Scales and bounds."""
        return self.context.plan

    @property
    def is_checkpoint(self) -> bool:
        """Whether the model is evaluated after this round."""
        return self.spec.is_checkpoint(self.step.round)

    def validators(self) -> list[str]:
        """The validators that still take part, in the order of the contract."""
        out = self.job.out()
        return [validator for validator in self.job.started.validators if validator not in out]

    def weights(self) -> EncryptedVector:
        """The model as it is."""
        return self.job.values.get(WEIGHTS, self._load)

    def candidates(self) -> list[EncryptedVector]:
        """The models of the present checkpoint."""
        return self.job.values.get(CANDIDATES, lambda text: [self._vector(one) for one in _VECTORS.validate_json(text)])

    def candidates_digest(self) -> bytes:
        """One digest of all of them."""
        return candidates_digest([model.digest() for model in self.candidates()])

    def candidates_values(self, models: Sequence[EncryptedVector]) -> dict[str, Value]:
        """What keeps the models of a checkpoint."""
        text = "[" + ",".join(_wire(model).model_dump_json() for model in models) + "]"
        return {CANDIDATES: Value(text, list(models))}

    def _load(self, text: str) -> EncryptedVector:
        return self._vector(CiphertextVector.model_validate_json(text))

    def _vector(self, wire: CiphertextVector) -> EncryptedVector:
        bound = self.plan.weight_bound(self.step.round, wire.fractional_bits)
        key = self.job.started.key
        return wire.to_vector(key, count=wire.count, fractional_bits=wire.fractional_bits, bound=bound)


def weights_value(model: EncryptedVector) -> Value:
    """What keeps a model."""
    return Value(_wire(model).model_dump_json(), model)


def _wire(model: EncryptedVector) -> CiphertextVector:
    """How a model is stored, and sent as it is stored."""
    return CiphertextVector.of(model, unsafe_not_rerandomized=_WHY_MODELS_ARE_NOT)
