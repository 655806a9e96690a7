"""Who gets to see what: every HTTP body and every database of a whole job, searched for rows and weights."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from commons.chain.marketplace import Marketplace
from commons.errors import Conflict, NotFound
from deltaml.demo.dataset import Dataset
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import Hands, bring_datasets, job_request, run_job
from deltaml.demo.world import running_world

pytestmark = pytest.mark.e2e


def traces(value: float) -> list[bytes]:
    """How a number could stand in a body or a database: its leading digits as text, or its float64 in either order."""
    digits = f"{abs(value):.17e}".replace(".", "")[:9]
    texts = {repr(abs(value))[:10], f"{digits[0]}.{digits[1:]}"}
    return [*(text.encode() for text in texts if len(text) >= 9), struct.pack("<d", value), struct.pack(">d", value)]


def occurrences(haystacks: dict[str, bytes], values: np.ndarray) -> list[str]:
    found = []
    for value in values.ravel():
        for trace in traces(float(value)):
            found += [f"{value} in {name}" for name, data in haystacks.items() if trace in data]
    return found


def databases(folder: Path, name: str) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in (folder / name).glob("*.sqlite3*")}
    assert files, f"{name} has a database"
    return {f"{name}/{key}": value for key, value in files.items()}


def test_rows_stay_with_owners_and_weights_stay_hidden_until_everybody_is_paid(tmp_path, recording_proxy):
    rng = np.random.default_rng(17)
    X = rng.uniform(-0.9, 0.9, (40, 3))
    y = X @ np.array([0.31, -0.22, 0.13]) + rng.uniform(-0.05, 0.05, 40)
    dataset = Dataset("canaries", ("north", "east", "up"), "depth", X, y)
    options = DemoOptions(
        owners=4, rounds=6, evaluate_every=3, key_bits=1024, unsafe_small_key=True, headless=True, learning_rate=0.5
    )
    request = job_request(options, dataset)
    # Declared ranges are public, so here they are no cell of the data.
    for column in (*request["features"], request["target"]):
        column["minimum"], column["maximum"] = -1.0, 1.0
    proxies = []

    def front(url: Callable[[], str]) -> str:
        proxies.append(recording_proxy(url))
        return proxies[-1].url

    weights_before_pay = []
    with running_world(options, tmp_path, front=front) as world:
        parts = dataset.deal(options.seed, options.owners)
        bring_datasets(world, dataset, parts, tmp_path)

        def follow(job):
            snapshot = databases(tmp_path, "buyer")
            try:
                world.buyer.session.get(f"/v1/jobs/{job['id']}/model")
            except (Conflict, NotFound):
                weights_before_pay.append(snapshot)
            else:
                marketplace = Marketplace(world.rpc_url, world.contract_address)
                assert marketplace.job_finalized(job["job_id"]) is not None, "the model is out before the pay"

        with Hands(world) as hands:
            outcome = run_job(world, request, follow, hands)
    weights = np.array([*outcome.model.weights, outcome.model.intercept])
    assert len(proxies) == 2
    bodies = {f"{index}:{path}": data for proxy in proxies for index, (path, data) in enumerate(proxy.bodies)}
    assert any("/tasks/" in name for name in bodies)
    shared = {**databases(tmp_path, "aggregator"), **databases(tmp_path, "buyer")}
    cells = np.column_stack([X, y])
    assert occurrences(bodies, cells) == []
    assert occurrences(shared, cells) == []
    logs = {path.name: path.read_bytes() for path in tmp_path.glob("*.log")}
    assert len(logs) == options.owners + 2
    assert all(b"/v1/" in log for log in logs.values()), "every service has logged its requests"
    assert occurrences(logs, cells) == []
    hidden = databases(tmp_path, "aggregator")
    for index in range(options.owners):
        hidden |= databases(tmp_path, f"owner-{index}")
    assert occurrences(hidden, weights) == []
    assert occurrences(bodies, weights) == []
    assert occurrences(logs, weights) == []
    assert weights_before_pay
    for snapshot in weights_before_pay:
        assert occurrences(snapshot, weights) == []
    # The search finds what is there: the buyer's database holds the weights now, the owners' files their rows.
    assert occurrences(databases(tmp_path, "buyer"), weights)
    files = {path.name: path.read_bytes() for path in tmp_path.glob("owner-*/data/rows.csv")}
    assert len(occurrences(files, cells)) >= cells.size / 4
