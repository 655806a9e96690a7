"""A kind of another package (`tests/toy`) is registered by its entry point, and computes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.market.job_terms import JobTerms, PayTerms
from tests.doubles.in_memory_market import InMemoryMarket
from tests.doubles.in_memory_table import in_memory_table

ROOT = Path(__file__).parents[4]
TOY = ROOT / "tests/toy"


def with_toy(program: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, TOY, *paths)))}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_it_is_in_the_table_and_in_every_union() -> None:
    program = (
        "import json\n"
        "from commons.computations.registry import BY_KIND, RESULT, TASK, JobSpec\n"
        "schemas = [json.dumps(one) for one in (TASK.json_schema(), RESULT.json_schema(), JobSpec.model_json_schema())]\n"
        "print(json.dumps([list(BY_KIND), [('toy_sum' in text) for text in schemas]]))"
    )
    done = with_toy(program)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["linear_regression", "statistics", "toy_sum"], [True, True, True]]


def test_a_kind_that_is_there_already_is_refused_by_name(tmp_path: Path) -> None:
    for folder, name in (("other-1.0.dist-info", "other"),):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        text = "[deltaml.computations]\nstatistics = commons.computations.statistics:STATISTICS\n"
        (tmp_path / folder / "entry_points.txt").write_text(text)
    done = with_toy("import commons.computations.registry", tmp_path)
    assert done.returncode != 0
    assert (
        "'statistics' of commons.computations.statistics:STATISTICS has another kind, or one that is taken"
        in done.stderr
    )


def test_it_adds_up(job_secret_key: SecretKey, job_randomizer: Randomizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOY))
    from toy_sum import TOY_SUM, ToySumSpec

    terms = JobTerms(title="Total", min_owners=3, deposit_wei=900, pay=PayTerms(), start_by=1, finish_by=2, role_seed=1)
    spec = ToySumSpec(column="x", minimum=0, maximum=10)
    tables = [in_memory_table({"x": values}) for values in ([1, 2, 3], [4], [10, 0])]
    market = InMemoryMarket(TOY_SUM, terms, spec, job_secret_key, tables, randomizer=job_randomizer)
    market.run()
    assert market.failure is None
    assert json.loads(market.outcome().to_json()) == {"format": "toy sum", "sum": 20}
