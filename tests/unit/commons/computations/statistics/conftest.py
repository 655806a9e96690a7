"""What tests of statistics share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.statistics import STATISTICS, StatisticsSpec
from commons.computations.statistics.messages import TaskKind
from commons.market.job_terms import JobTerms
from commons.market.tasks import Step
from commons.tables.table import Table
from tests.doubles.in_memory_market import InMemoryMarket
from tests.doubles.in_memory_table import Cells, in_memory_table

NOW = 1_800_000_000
COLUMNS = [
    {"kind": "number", "name": "age", "minimum": 0, "maximum": 120, "unit": "a"},
    {"kind": "number", "name": "bmi", "minimum": 10, "maximum": 60, "bins": 5},
    {"kind": "category", "name": "sex", "levels": ["f", "m"]},
]
Part = dict[str, Cells]


def spec_of(columns: Sequence[dict[str, Any]] = COLUMNS, **changes: Any) -> StatisticsSpec:
    return StatisticsSpec.model_validate({"columns": columns, **changes})


def terms_of(owners: int, **changes: Any) -> JobTerms:
    fields = {
        "title": "Who the patients are",
        "min_owners": owners,
        "deposit_wei": 10**18,
        "pay": STATISTICS.pay_terms(owners),
        "start_by": NOW + 3600,
        "finish_by": NOW + 7200,
        "role_seed": 1,
    }
    return JobTerms.model_validate(fields | changes)


def part_of(seed: int, rows: int) -> Part:
    """Columns of the job in `COLUMNS`, a few cells of each missing."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(0, 120, rows).round(1)
    bmi = np.clip(20 + age / 10 + rng.normal(0, 4, rows), 10, 60)
    age[rng.random(rows) < 0.1] = np.nan
    bmi[rng.random(rows) < 0.1] = np.nan
    sex = rng.choice(["f", "m", ""], rows, p=[0.5, 0.4, 0.1])
    return {"age": age, "bmi": bmi, "sex": sex}


@pytest.fixture(scope="session")
def make_market(job_secret_key: SecretKey, job_randomizer: Randomizer) -> Callable[..., InMemoryMarket]:
    """A job over these parts: (parts, spec, **arguments of the market)."""

    def make(parts: Sequence[Part], spec: StatisticsSpec, **arguments: Any) -> InMemoryMarket:
        tables: list[Table] = [in_memory_table(part) for part in parts]
        consents = arguments.pop("consents", spec.consents)
        terms = arguments.pop("terms", terms_of(max(2, len(parts))))
        return InMemoryMarket(
            STATISTICS, terms, spec, job_secret_key, tables, consents=consents, randomizer=job_randomizer, **arguments
        )

    return make


PLAIN, CORRELATED = spec_of(), spec_of(correlation=True)
SUM, DELIVER = Step(TaskKind.SUM, 1, 1), Step(TaskKind.DELIVER, 1, 1)
PLACE = {"job_id": 7, "round": 1, "checkpoint": 1}


def parts_of(owners: int) -> list[Part]:
    return [part_of(seed, 10 + 7 * seed) for seed in range(owners)]


def pool(parts: Sequence[Part]) -> dict[str, Any]:
    """All rows together, by column."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def require_pooled(report: dict[str, Any], parts: Sequence[Part], spec: StatisticsSpec) -> None:
    """Assert that a document says of the pooled rows what numpy does."""
    cells = pool(parts)
    rows = len(cells["age"])
    assert (report["owners"], report["rows"], report["doubts"]) == (len(parts), rows, [])
    for column in spec.numbers:
        x = cells[column.name][~np.isnan(cells[column.name])]
        found = report["columns"][column.name]
        assert (found["count"], found["missing"]) == (len(x), rows - len(x))
        assert found["histogram"]["counts"] == np.histogram(x, column.edges())[0].tolist()
        assert found["mean"] == pytest.approx(x.mean(), rel=1e-9)
        assert found["variance"] == pytest.approx(x.var(), rel=1e-9)
        assert found["minimum"] <= x.min() <= x.max() <= found["maximum"]
    levels = {level: int((cells["sex"] == level).sum()) for level in ("f", "m")}
    assert report["columns"]["sex"] == {
        "count": sum(levels.values()),
        "missing": rows - sum(levels.values()),
        "levels": levels,
    }
    if not spec.correlation:
        assert report["correlation"] is None
        return
    complete = ~np.isnan(cells["age"]) & ~np.isnan(cells["bmi"])
    wanted = np.corrcoef(cells["age"][complete], cells["bmi"][complete])
    assert report["correlation"]["columns"] == ["age", "bmi"]
    np.testing.assert_allclose(report["correlation"]["matrix"], wanted, rtol=1e-9)
