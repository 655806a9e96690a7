"""What can be asked of a demo of linear regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from commons.computations.linear_regression.spec import Scaling
from commons.errors import InvalidInput
from deltaml.demo.kinds.base import KindOptions
from deltaml.demo.kinds.linear_regression.job import KIND, LinearRegressionJob
from deltaml.demo.kinds.linear_regression.regression_table import diabetes, read_regression_table
from deltaml.demo.options import require_between

DIABETES_LEARNING_RATE = 1.5


@dataclass(frozen=True)
class LinearRegressionOptions(KindOptions):
    """Options of a linear regression.

    Attributes:
        data: CSV or Parquet file; None takes scikit-learn's diabetes data.
        target: column to predict; needed with `data`.
        rounds, local_steps, learning_rate, evaluate_every, scaling: as in the job's specification; a learning rate of
            None takes the default.
    """

    kind: ClassVar[str] = KIND

    data: Path | None = None
    target: str | None = None
    rounds: int = 100
    local_steps: int = 1
    learning_rate: float | None = None
    evaluate_every: int = 10
    scaling: Scaling | None = None

    @classmethod
    def of(cls, data: Path | None, given: Mapping[str, Any]) -> Self:
        """The options of a command line."""
        scaling = given.get("scaling")
        return cls(data=data, **{**given, "scaling": None if scaling is None else Scaling(scaling)})

    def __post_init__(self) -> None:
        if (self.data is None) != (self.target is None):
            missing = "--target" if self.target is None else "--data"
            raise InvalidInput(f"{missing}: give --data FILE and --target COLUMN together", field=missing.strip("-"))
        require_between("rounds", self.rounds, 1, 100_000)
        require_between("local-steps", self.local_steps, 1, 1000)
        require_between("evaluate-every", self.evaluate_every, 1, 100_000)
        if self.learning_rate is not None and not 0 < self.learning_rate < 1e12:
            raise InvalidInput(
                f"--learning-rate {self.learning_rate}: expected a positive number", field="learning-rate"
            )
        if self.effective_learning_rate is None and self.effective_scaling is Scaling.NONE:
            raise InvalidInput(
                "--learning-rate: must be given with --scaling none; there is no safe default", field="learning-rate"
            )

    @property
    def effective_scaling(self) -> Scaling:
        """`none` for the diabetes data, whose features are standardised already; `range` for any other file."""
        return self.scaling or (Scaling.NONE if self.data is None else Scaling.RANGE)

    @property
    def effective_learning_rate(self) -> float | None:
        """1.5 for the diabetes data as it comes; otherwise what was given, or None for the specification's default."""
        if self.learning_rate is None and self.data is None and self.effective_scaling is Scaling.NONE:
            return DIABETES_LEARNING_RATE
        return self.learning_rate

    def settings(self) -> dict[str, Any]:
        """What the specification says of training."""
        settings: dict[str, Any] = {
            "scaling": self.effective_scaling.value,
            "rounds": self.rounds,
            "local_steps": self.local_steps,
            "evaluate_every": self.evaluate_every,
        }
        if self.effective_learning_rate is not None:
            settings["learning_rate"] = self.effective_learning_rate
        return settings

    def read(self) -> LinearRegressionJob:
        """The job about the file, or the diabetes data; raises InvalidInput for a constant column too."""
        table = diabetes() if self.data is None else read_regression_table(self.data, self.target or "")
        return LinearRegressionJob(table, self.settings())
