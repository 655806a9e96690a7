from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from commons.computations.linear_regression.spec import Scaling
from commons.errors import DatasetInvalid, InvalidInput
from data_owner.adapters.data_files import open_data_file
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds.linear_regression import LinearRegressionJob, LinearRegressionOptions, RegressionTable
from deltaml.demo.kinds.linear_regression.regression_table import read_regression_table

SETTINGS = {"scaling": "none", "rounds": 3, "local_steps": 2, "learning_rate": 0.3, "evaluate_every": 1}


@pytest.fixture
def table() -> RegressionTable:
    rng = np.random.default_rng(3)
    X = rng.uniform(-1, 1, (12, 2))
    return RegressionTable("hills", ("a", "b"), "y", X, X @ np.array([1 / 3, -2.0]) + 0.1)


def test_rows_are_dealt_as_documented_and_written_without_losing_a_digit(
    table: RegressionTable, tmp_path: Path
) -> None:
    job = LinearRegressionJob(table, SETTINGS)
    parts = job.deal(11, 5)
    assert np.concatenate(parts).tolist() == np.random.default_rng(11).permutation(12).tolist()
    assert [len(part) for part in parts] == [3, 3, 2, 2, 2]
    job.write_rows(tmp_path / "part.csv", parts[1])
    read = read_regression_table(tmp_path / "part.csv", "y")
    assert (read.features, read.target) == (("a", "b"), "y")
    assert np.array_equal(read.X, table.X[parts[1]])
    assert np.array_equal(read.y, table.y[parts[1]])
    with pytest.raises(DatasetInvalid, match="12 rows are too few for 13 owners"):
        job.deal(11, 13)


def test_what_is_asked_for_has_the_tables_own_ranges_and_the_settings(table: RegressionTable) -> None:
    asked = LinearRegressionJob(table, SETTINGS).computation()
    assert asked["kind"] == "linear_regression"
    assert [one["name"] for one in asked["features"]] == ["a", "b"]
    assert asked["target"] == {"name": "y", "minimum": table.y.min(), "maximum": table.y.max()}
    assert {name: asked[name] for name in SETTINGS} == SETTINGS


def test_a_sample_is_read_back_with_the_ranges_of_the_job(table: RegressionTable) -> None:
    header, rows = LinearRegressionJob(table, SETTINGS).sample()
    assert header == ["a", "b", "y"]
    lowest, highest = rows
    assert [float(cell) for cell in lowest] == [*table.X.min(axis=0), table.y.min()]
    assert [float(cell) for cell in highest] == [*table.X.max(axis=0), table.y.max()]


def test_the_summary_compares_with_training_in_the_clear_on_the_same_split(table: RegressionTable) -> None:
    job = LinearRegressionJob(table, SETTINGS)
    parts = job.deal(11, 3)
    owners = [{"role": "trainer"}, {"role": "validator"}, {"role": "trainer"}]
    weights = np.zeros(3)
    for _ in range(SETTINGS["rounds"]):
        local = []
        for rows in (parts[0], parts[2]):
            X, w = np.column_stack([table.X[rows], np.ones(len(rows))]), weights.copy()
            for _ in range(SETTINGS["local_steps"]):
                w = w - SETTINGS["learning_rate"] * X.T @ (X @ w - table.y[rows]) / len(rows)
            local.append(w)
        weights = np.average(local, axis=0, weights=[len(parts[0]), len(parts[2])])
    features = [FeatureRange(name, -2, 2) for name in "ab"]
    delivered = LinearModel(
        features=tuple(features), target=FeatureRange("y", -5, 5), weights=(0.0, weights[1]), intercept=weights[2]
    )
    spec = {
        "title": "t", "min_owners": 3, "deposit_wei": "1", "start_by": 2_000_000_000, "finish_by": 2_000_001_000,
        "role_seed": 1, "computation": job.computation(),
    }  # fmt: skip
    checkpoints = [{"round": 0, "mse": 2.0}, {"round": 3, "mse": 0.5}]
    shown: dict[str, Any] = {"spec": spec, "live": {"round": 3}, "checkpoints": checkpoints}
    summary = job.summarise(FinishedJob(shown, json.loads(delivered.to_json())), owners, parts)
    assert summary["plaintext_weights"] == pytest.approx(weights)
    assert summary["weights"] == [0.0, weights[1], weights[2]]
    assert summary["max_weight_error"] == pytest.approx(abs(weights[0]) / np.abs(weights).max())
    residuals = np.column_stack([table.X, np.ones(12)])[parts[1]] @ weights - table.y[parts[1]]
    assert summary["mse"]["plaintext_final"] == pytest.approx(np.mean(residuals**2))
    assert summary["mse"]["local_regression"] == pytest.approx(0, abs=1e-20)
    assert summary["mse"]["history"] == [[0, 2.0], [3, 0.5]]
    assert summary["features"] == ["a", "b", "bias"]
    assert {name: summary[name] for name in ("rounds", "local_steps", "learning_rate", "scaling", "target")} == {
        "rounds": 3, "local_steps": 2, "learning_rate": 0.3, "scaling": "none", "target": "y",
    }  # fmt: skip
    assert ("MSE after, encrypted", "0.5  (+75.0% better)") in job.facts(summary)


def test_options_have_the_defaults_of_the_data() -> None:
    own, other = LinearRegressionOptions(), LinearRegressionOptions(data=Path("x.csv"), target="y")
    assert (own.effective_scaling, own.effective_learning_rate) == (Scaling.NONE, 1.5)
    assert (other.effective_scaling, other.effective_learning_rate) == (Scaling.RANGE, None)
    assert "learning_rate" not in other.settings()
    asked = LinearRegressionOptions.of(None, {"scaling": "range", "rounds": 7})
    assert (asked.scaling, asked.settings()["rounds"]) == (Scaling.RANGE, 7)
    assert LinearRegressionOptions.of(None, {}) == own


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "y"}, "--data: give --data FILE and --target COLUMN together"),
        ({"rounds": 0}, "--rounds 0: expected a whole number from 1"),
        ({"learning_rate": -1.0}, "--learning-rate -1.0: expected a positive number"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        LinearRegressionOptions.of(None, given)


def test_scaling_none_with_a_file_needs_a_learning_rate() -> None:
    with pytest.raises(InvalidInput, match="--learning-rate: must be given with --scaling none"):
        LinearRegressionOptions.of(Path("x.csv"), {"target": "y", "scaling": "none"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,y\n1,2\nx,3\n", "column 'a', row 2"),
        ("a,y\n1,2\n,3\n", "column 'a', row 2"),
        ("a,b\n1,2\n", "no column 'y'"),
        ("y\n1\n", "no column besides the target"),
    ],
)
def test_files_without_numbers_for_everything_are_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DatasetInvalid, match=words):
        LinearRegressionOptions(path, "y").read()


def test_a_constant_column_has_nothing_to_learn_from(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("a,y\n1,2\n1,3\n")
    with pytest.raises(InvalidInput, match="'a'"):
        LinearRegressionOptions(path, "y").read().computation()


def test_written_files_are_what_a_data_owner_reads(table: RegressionTable, tmp_path: Path) -> None:
    table.write(tmp_path / "all.csv")
    (block,) = open_data_file(tmp_path / "all.csv").blocks()
    assert np.array_equal(block.columns["a"].values, table.X[:, 0])
