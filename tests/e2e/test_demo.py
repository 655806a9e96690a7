"""`deltaml demo` as a user runs it: real chain, real services, real HTTP; compared with the same computed in the clear."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from deltaml.cli import run

pytestmark = pytest.mark.e2e
SMALL_KEY = ["--key-bits", "1024", "--unsafe-small-key"]


def demo_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deltaml", "demo", *arguments]


def run_demo(*arguments: str) -> dict:
    done = subprocess.run(
        demo_command("--headless", "--json", *arguments), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "one JSON object on standard output and nothing else"
    return json.loads(done.stdout)


def processes_below(marker: str) -> list[str]:
    """Command lines and environments of living processes that mention `marker`."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in text:
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def reference(X, y, summary):
    """Plain federated gradient descent on the summary's own split, written out here on purpose."""
    owners = summary["owners"]
    order = np.random.default_rng(summary["seed"]).permutation(len(y))
    parts = np.array_split(order, len(owners))
    X_bias = np.column_stack([X, np.ones(len(y))])
    train = [parts[o["index"]] for o in owners if o["role"] == "trainer"]
    validate = np.concatenate([parts[o["index"]] for o in owners if o["role"] == "validator"])
    w = np.zeros(X_bias.shape[1])
    for _ in range(summary["rounds"]):
        local = []
        for part in train:
            v = w.copy()
            for _ in range(summary["local_steps"]):
                v -= summary["learning_rate"] * X_bias[part].T @ (X_bias[part] @ v - y[part]) / len(part)
            local.append(v)
        w = np.average(local, axis=0, weights=[len(part) for part in train])
    return w, float(np.mean((X_bias[validate] @ w - y[validate]) ** 2))


@pytest.fixture(scope="module")
def small_demo() -> dict:
    """A demo that takes as little as one can."""
    return run_demo(*SMALL_KEY, "--owners", "3", "--rounds", "4", "--evaluate-every", "2")


def check_money(summary):
    settlement = summary["settlement"]
    deposit, paid, refunded = (int(settlement[k]) for k in ("deposit_wei", "paid_wei", "refunded_wei"))
    assert deposit == paid + refunded
    assert paid == sum(int(o["paid_wei"]) for o in summary["owners"]) + int(summary["aggregator"]["paid_wei"])


def check_diabetes(summary):
    """Weights, errors and pay of the diabetes data against plain training."""
    bunch = load_diabetes()
    weights, mse = reference(bunch.data, bunch.target, summary)
    assert (summary["state"], summary["kind"]) == ("finished", "linear_regression")
    assert summary["features"] == [*bunch.feature_names, "bias"]
    assert np.abs(np.array(summary["weights"]) - weights).max() <= 1e-6 * np.abs(weights).max()
    # Each validator's error has noise below 2^-24 of a squared half width of the target's range.
    assert summary["mse"]["final"] == pytest.approx(mse, abs=2**-23 * (np.ptp(bunch.target) / 2) ** 2)
    assert summary["mse"]["plaintext_final"] == pytest.approx(mse, rel=1e-9)
    assert sum(o["contribution"] for o in summary["owners"]) == pytest.approx(1)
    check_money(summary)


def test_a_small_demo_equals_plaintext_and_pays_everybody(small_demo):
    check_diabetes(small_demo)
    assert [r for r, _ in small_demo["mse"]["history"]] == [0, 2, 4]
    assert sum(o["role"] == "trainer" for o in small_demo["owners"]) == 2


@pytest.mark.soak
def test_diabetes_on_real_keys_equals_plaintext_and_pays_everybody():
    summary = run_demo("--key-bits", "2048")
    check_diabetes(summary)
    assert summary["rounds"] == 100
    assert [r for r, _ in summary["mse"]["history"]] == list(range(0, 101, 10))
    assert sum(o["role"] == "trainer" for o in summary["owners"]) == 3


@pytest.mark.soak
def test_another_file_with_range_scaling_and_wide_magnitudes(tmp_path):
    rng = np.random.default_rng(5)
    n, scales = 60, np.array([1e-4, 1.0, 1e4])
    X = rng.normal(3, 1, (n, 3)) * scales
    y = X @ (np.array([2.0, -3.0, 0.5]) / scales) + rng.normal(0, 0.3, n)
    path = tmp_path / "wide.csv"
    path.write_text(
        "a,b,c,price\n" + "\n".join(",".join(map(repr, map(float, (*row, t)))) for row, t in zip(X, y, strict=True))
    )
    summary = run_demo(
        *SMALL_KEY, "--data", str(path), "--target", "price", "--owners", "3", "--rounds", "7",
        "--evaluate-every", "3", "--local-steps", "4", "--seed", "11",
    )  # fmt: skip
    scaled = 2 * (X - X.min(0)) / np.ptp(X, axis=0) - 1
    half = np.ptp(y) / 2
    weights, mse = reference(scaled, 2 * (y - y.min()) / np.ptp(y) - 1, summary)
    slope = weights[:-1] * half * 2 / np.ptp(X, axis=0)
    bias = (weights[-1] - (weights[:-1] * (2 * X.min(0) / np.ptp(X, axis=0) + 1)).sum()) * half + y.min() + half
    expected = np.append(slope, bias)
    assert np.abs(np.array(summary["weights"]) - expected).max() <= 1e-6 * np.abs(expected).max()
    assert np.array(summary["weights"]) == pytest.approx(expected, rel=1e-6)
    assert summary["mse"]["final"] == pytest.approx(mse * half**2, abs=2**-23 * half**2)
    assert [r for r, _ in summary["mse"]["history"]] == [0, 3, 6, 7]
    assert summary["learning_rate"] == 0.25
    check_money(summary)


WEIRD_TABLE = """\
age,sex,flat,score,"rent, in €"
20,f,5,1.5,612.25
30, m,5,,480
,f,5,2.5,
50,,5,-3,901.5
60,m,5,4e2,733.125
NA,m,5,7,655
41,f,5,0.125,512.75
35,"m",5,12,
29,f,5,-8.5,
77,other,5,64,688
20,f,5,3,701.5
"""


def check_column(shown, cells):
    """A column of a summary's statistics against its cells, counted and averaged here on purpose."""
    filled = [cell.strip() for cell in cells if cell.strip() not in ("", "NA")]
    assert (shown["count"], shown["missing"]) == (len(filled), len(cells) - len(filled))
    if "levels" in shown:
        assert shown["levels"] == {level: filled.count(level) for level in set(filled)}
        return
    x = np.array(filled, dtype=float)
    assert (shown["mean"], shown["variance"]) == pytest.approx((x.mean(), x.var()), rel=1e-9, abs=1e-9)
    edges, counts = shown["histogram"]["edges"], shown["histogram"]["counts"]
    assert np.histogram(x, edges)[0].tolist() == counts
    assert sum(counts) == len(x)
    if np.ptp(x) > 0:
        assert (edges[0], edges[-1]) == (shown["minimum"], shown["maximum"]) == (x.min(), x.max())
    else:
        assert edges[0] < x[0] < edges[-1]


@pytest.mark.soak
def test_statistics_of_a_table_with_gaps_a_constant_and_texts_are_those_of_all_its_rows(tmp_path):
    path = tmp_path / "weird.csv"
    path.write_text(WEIRD_TABLE, encoding="utf-8")
    header, *rows = csv.reader(WEIRD_TABLE.splitlines())
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    summary = run_demo("--kind", "statistics", *SMALL_KEY, "--data", str(path), "--owners", "3", "--seed", "5")
    assert (summary["state"], summary["kind"]) == ("finished", "statistics")
    found = summary["statistics"]
    assert (found["rows"], found["doubts"]) == (len(rows), [])
    assert list(found["columns"]) == summary["columns"] == header
    for name, cells in columns.items():
        check_column(found["columns"][name], cells)
    numbers = ["age", "flat", "score", "rent, in €"]
    complete = np.array(
        [line for line in zip(*(columns[one] for one in numbers), strict=True) if not {"", "NA"} & set(line)],
        dtype=float,
    )
    assert found["correlation"]["columns"] == numbers
    r = np.array(found["correlation"]["matrix"], dtype=float)
    assert np.isnan(r[1]).all()
    assert np.isnan(r[:, 1]).all()
    varying = [0, 2, 3]
    assert r[np.ix_(varying, varying)] == pytest.approx(np.corrcoef(complete[:, varying], rowvar=False), abs=1e-9)
    assert summary["counts_equal"] is True
    assert max(summary["max_moment_error"], summary["max_correlation_error"]) < 1e-12
    assert [owner["rows"] for owner in summary["owners"]] == [4, 4, 3]
    assert sorted(owner["role"] for owner in summary["owners"]) == ["trainer", "trainer", "validator"]
    assert [owner["contribution"] for owner in summary["owners"]] == pytest.approx([1 / 3] * 3, abs=1e-4)
    assert summary["settlement"]["refunded_wei"] == "0"
    check_money(summary)


@pytest.mark.soak
def test_two_demos_at_once_and_one_trainer_alone(tmp_path):
    options = [*SMALL_KEY, "--owners", "2", "--rounds", "3", "--evaluate-every", "2"]
    with subprocess.Popen(
        demo_command("--headless", "--json", *options), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as first:
        try:
            second = run_demo(*options, "--seed", "8")
            output, _ = first.communicate(timeout=120)
        finally:
            first.kill()
    for summary in (json.loads(output), second):
        assert summary["state"] == "finished"
        assert summary["max_weight_error"] <= 1e-6
        trainer = next(o for o in summary["owners"] if o["role"] == "trainer")
        assert trainer["contribution"] == 1
        check_money(summary)


@pytest.mark.soak
def test_a_learning_rate_that_diverges_ends_with_one_clear_line(tmp_path):
    path = tmp_path / "large.csv"
    path.write_text("a,y\n" + "\n".join(f"{10_000 + 997 * i},{i}" for i in range(20)))
    done = subprocess.run(
        demo_command(
            *SMALL_KEY, "--headless", "--data", str(path), "--target", "y", "--owners", "2", "--rounds", "20",
            "--scaling", "none", "--learning-rate", "1",
        ),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "learning_rate" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("error: ")


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopping_leaves_no_process_behind(tmp_path, number):
    folder = tmp_path / "state"
    with subprocess.Popen(
        demo_command(*SMALL_KEY, "--owners", "2", "--rounds", "2", "--keep", str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            said = []
            for line in demo.stderr:
                said.append(line)
                if "stays up until" in line:
                    break
            assert demo.poll() is None, "".join(said)
            assert len(processes_below(str(folder))) > 10, "chain, aggregator, buyer and owners run"
            demo.send_signal(number)
            demo.wait(timeout=20)
            deadline = time.monotonic() + 25
            while (left := processes_below(str(folder))) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert not left
        finally:
            demo.kill()
    if number != signal.SIGKILL:
        assert demo.returncode == 0


class Refusal(NamedTuple):
    """What a demo says that does not start."""

    code: int
    out: str
    err: str


@pytest.fixture
def refusal(capsys) -> Callable[..., Refusal]:
    """Calls the command in this process, which takes no time where it refuses at once."""

    def call(*arguments: str) -> Refusal:
        return Refusal(run(["demo", *arguments]), *capsys.readouterr())

    return call


def check_refusal(refused: Refusal, expected: str) -> None:
    assert refused.out == ""
    assert refused.err.startswith("error: ")
    assert expected in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b,y\n1,2,3\n4,x,6\n7,8,10\n", "column 'b', row 2"),
        ("a,b,y\n1,2,3\n4,,6\n7,8,10\n", "column 'b', row 2"),
        ("a,b,y\n1,2,3\n4,NaN,6\n7,8,10\n", "column 'b', row 2"),
        ("a,b,y\n1,5,3\n4,5,6\n7,5,10\n", "'b'"),
        ("a,b,z\n1,2,3\n4,5,6\n", "no column 'y'"),
        ("a,b,y\n1,2,3\n", "row"),
        ("a,b,y\n", "no row"),
    ],
)
def test_bad_data_gets_one_clear_line(refusal, tmp_path, text, expected):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    refused = refusal("--headless", "--data", str(path), "--target", "y", "--owners", "2")
    assert refused.code == 2
    check_refusal(refused, expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--key-bits", "1024"], "2048"),
        (["--owners", "1"], "--owners"),
        (["--owners", "21"], "--owners"),
        (["--rounds", "0"], "--rounds"),
        (["--data", "missing.csv"], "--target"),
        (["--data", "missing.csv", "--target", "y"], "missing.csv"),
        (["--learning-rate", "-1"], "--learning-rate"),
        (["--kind", "statistics", "--owners", "2"], "--owners"),
        (["--kind", "statistics", "--target", "y"], "--target"),
    ],
)
def test_bad_options_get_one_clear_line(refusal, arguments, expected):
    refused = refusal("--headless", *arguments)
    assert refused.code in (2, 3)
    check_refusal(refused, expected)


def test_so_they_do_in_a_process_of_its_own():
    done = subprocess.run(
        demo_command("--headless", "--owners", "1"), capture_output=True, text=True, timeout=60, check=False
    )
    check_refusal(Refusal(done.returncode, done.stdout, done.stderr), "--owners")
