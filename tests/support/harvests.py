"""Tables of a harvest by two features, with an owner's part of it on each owner's disk; and jobs about them.

In a market that others use too, owners match jobs by the names of columns: whoever brings a table names its columns as nobody
else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deltaml.demo.kinds.linear_regression import LinearRegressionJob, RegressionTable
from deltaml.demo.world import DATA_DIR, World

ROWS = 60


@dataclass(frozen=True)
class Harvest:
    """A table that the owners of a world have among them.

    Attributes:
        world: the owners' and the buyer's.
        table: all rows.
        sample: a file with all of them, as the buyer may have it.
        files: one in the data folder of each owner, with its part.
    """

    world: World
    table: RegressionTable
    sample: Path
    files: tuple[Path, ...]

    def add_datasets(self, name: str) -> None:
        """All owners add their part, each tagged with the owner's name; who has it already, by any name, keeps it."""
        names = {*self.table.features, self.table.target}
        for owner, path in zip(self.world.owners, self.files, strict=True):
            listed = owner.session.get("/v1/datasets")["datasets"]
            if not any(names == {column["name"] for column in one["columns"]} for one in listed):
                body = {"path": str(path), "name": name, "tags": ["fruit", owner.login.name]}
                owner.session.post("/v1/datasets", body)

    def request(self, title: str, computation: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """What the buyer posts for a short regression of the table."""
        features, target = self.table.ranges()
        columns = [{"name": one.name, "minimum": one.minimum, "maximum": one.maximum} for one in (*features, target)]
        described = {
            "kind": "linear_regression",
            "features": columns[:-1],
            "target": columns[-1],
            "rounds": 20,
            "evaluate_every": 10,
            **(computation or {}),
        }
        return {
            "title": title,
            "computation": described,
            "min_owners": len(self.world.owners),
            "deposit_wei": str(10**17),
            "start_within_s": 3600,
            "finish_within_s": 7200,
            **changes,
        }

    def post(self, title: str, computation: dict[str, Any] | None = None, **changes: Any) -> str:
        """Post it, and return its id at the buyer's service."""
        return str(self.world.buyer.session.post("/v1/jobs", self.request(title, computation, **changes))["id"])


def bring_harvest(world: World, folder: Path, table: RegressionTable) -> Harvest:
    """Write each owner's part into the owner's data folder below a world's folder; nobody adds it yet."""
    sample = folder / f"{table.name}.csv"
    table.write(sample)
    files = []
    parts = LinearRegressionJob(table, {}).deal(7, len(world.owners))
    for owner, rows in zip(world.owners, parts, strict=True):
        files.append(folder / owner.login.name / DATA_DIR / f"{table.name}-{owner.login.name}.csv")
        table.write(files[-1], rows)
    return Harvest(world, table, sample, tuple(files))


def harvest_table(name: str, features: tuple[str, str], target: str) -> RegressionTable:
    """Sixty rows that fit target = 0.03·first + 0.012·second, up to 1 of noise."""
    rng = np.random.default_rng(41)
    X = np.column_stack([rng.uniform(300, 900, ROWS), rng.uniform(1200, 2600, ROWS)])
    y = 0.03 * X[:, 0] + 0.012 * X[:, 1] + rng.uniform(-1, 1, ROWS)
    return RegressionTable(name, features, target, X, y)


def chain_number(world: World, job_id: str) -> int:
    """The number of a job on the chain, once every owner is offered it."""
    deadline = time.monotonic() + 60
    while True:
        number = world.buyer.session.get(f"/v1/jobs/{job_id}")["job_id"]
        listed = [{row["job_id"] for row in one.session.get("/v1/offers")["offers"]} for one in world.owners]
        if number is not None and all(number in numbers for numbers in listed):
            return int(number)
        assert time.monotonic() < deadline, "the job is not offered"
        time.sleep(0.2)


def accept(world: World, number: int, owners: slice = slice(None)) -> None:
    """Some owners accept a job."""
    for owner in world.owners[owners]:
        owner.session.post(f"/v1/offers/{number}/accept", {})
