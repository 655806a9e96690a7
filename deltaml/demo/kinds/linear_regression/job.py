"""A linear regression in the demo, and what came of it beside the same training in the clear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.spec import LinearRegressionSpec
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds.base import Cells, DemoJob, RowIndexes
from deltaml.demo.kinds.linear_regression.in_the_clear import PlaintextRun, train_in_the_clear
from deltaml.demo.kinds.linear_regression.regression_table import RegressionTable

KIND = "linear_regression"


@dataclass(frozen=True)
class LinearRegressionJob(DemoJob):
    """A linear regression.

    Attributes:
        table: the rows; the declared ranges are its own minima and maxima.
        settings: of training, as in the specification.
    """

    kind: ClassVar[str] = KIND
    delivered: ClassVar[str] = "weights"
    phase: ClassVar[str] = "training"

    table: RegressionTable
    settings: Mapping[str, Any]

    @property
    def table_name(self) -> str:
        """For people."""
        return self.table.name

    @property
    def row_count(self) -> int:
        """How many rows there are to deal."""
        return len(self.table.y)

    @property
    def title(self) -> str:
        """What owners read first."""
        return f"Predict {self.table.target} ({self.table.name})"

    def computation(self) -> dict[str, Any]:
        """Features and target with the table's own ranges, and the settings; raises InvalidInput for a constant column."""
        features, target = self.table.ranges()
        return {
            "kind": KIND,
            "features": [{"name": item.name, "minimum": item.minimum, "maximum": item.maximum} for item in features],
            "target": {"name": target.name, "minimum": target.minimum, "maximum": target.maximum},
            **self.settings,
        }

    def write_rows(self, path: Path, rows: RowIndexes) -> None:
        """Write one owner's rows as CSV."""
        self.table.write(path, rows)

    def sample(self) -> Cells:
        """Two rows, the ends of the ranges."""
        features, target = self.table.ranges()
        columns = [*features, target]
        lowest, highest = [repr(one.minimum) for one in columns], [repr(one.maximum) for one in columns]
        return [one.name for one in columns], [lowest, highest]

    def summarise(
        self, finished: FinishedJob, owners: Sequence[Mapping[str, Any]], parts: Sequence[RowIndexes]
    ) -> dict[str, Any]:
        """Settings as used, errors, and weights in original units, bias last."""
        spec, rounds = finished.spec.computation, int(finished.job["live"]["round"])
        if not isinstance(spec, LinearRegressionSpec):
            raise TypeError(f"a {spec.kind} is no {KIND}")
        clear = self._in_the_clear(spec, owners, parts, rounds)
        weights = delivered_weights(finished.result)
        scale = float(np.abs(clear.weights).max()) or 1.0
        return {
            "rounds": rounds,
            "local_steps": spec.local_steps,
            "learning_rate": spec.learning_rate,
            "scaling": spec.scaling.value,
            "features": list(spec.weight_names),
            "target": spec.target.name,
            "mse": _mse(finished.job["checkpoints"], clear),
            "weights": weights,
            "plaintext_weights": clear.weights.tolist(),
            "max_weight_error": float(np.abs(np.array(weights) - clear.weights).max() / scale),
        }

    def facts(self, summary: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Errors before and after, and how far weights are from those in the clear."""
        mse = summary["mse"]
        improvement = (mse["initial"] - mse["final"]) / mse["initial"] if mse["initial"] else 0.0
        return [
            ("MSE before training", f"{mse['initial']:.6g}"),
            ("MSE after, encrypted", f"{mse['final']:.10g}  ({improvement:+.1%} better)"),
            ("MSE after, in the clear", f"{mse['plaintext_final']:.10g}"),
            ("MSE of a local regression", f"{mse['local_regression']:.6g}  (all trainers' rows in one place)"),
            ("Largest weight error", f"{summary['max_weight_error']:.2g} of the largest weight"),
        ]

    def _in_the_clear(
        self,
        spec: LinearRegressionSpec,
        owners: Sequence[Mapping[str, Any]],
        parts: Sequence[RowIndexes],
        rounds: int,
    ) -> PlaintextRun:
        by_role = {
            role: [self.table.part(rows) for owner, rows in zip(owners, parts, strict=True) if owner["role"] == role]
            for role in ("trainer", "validator")
        }
        return train_in_the_clear(spec, by_role["trainer"], by_role["validator"], rounds=rounds)


def delivered_weights(result: Mapping[str, Any]) -> list[float]:
    """The weights of a delivered model in original units, bias last."""
    model = LinearModel.from_json(json.dumps(result))
    return [*model.weights, model.intercept]


def _mse(checkpoints: Sequence[Mapping[str, Any]], clear: PlaintextRun) -> dict[str, Any]:
    history = [[item["round"], item["mse"]] for item in checkpoints]
    return {
        "initial": history[0][1],
        "final": history[-1][1],
        "history": history,
        "plaintext_final": clear.mse,
        "local_regression": clear.local_mse,
    }
