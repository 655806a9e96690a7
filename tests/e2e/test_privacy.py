"""Who gets to see what: every HTTP body and every database of two whole jobs, searched for rows, owners' sums, and results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression.job import delivered_weights
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import bring_datasets, job_request, run_job
from deltaml.demo.world import running_world
from tests.support.canaries import ROWS, Canaries, WatchedBuyer, databases, found_in, occurrences, traces_of_counts

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPTIONS = DemoOptions(owners=4, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, headless=True)


def test_rows_and_their_sums_stay_with_owners_and_results_stay_hidden_until_everybody_is_paid(
    tmp_path, recording_proxy
):
    canaries, proxies = Canaries(), []

    def front(url: Callable[[], str]) -> str:
        proxies.append(recording_proxy(url))
        return proxies[-1].url

    with running_world(OPTIONS, tmp_path, front=front) as world:
        parts = canaries.statistics.deal(OPTIONS.seed, OPTIONS.owners)
        bring_datasets(world, canaries.statistics, parts, tmp_path)
        training, summing = WatchedBuyer(world, tmp_path), WatchedBuyer(world, tmp_path)
        with Acceptors(world) as acceptors:
            trained = run_job(world, canaries.request(OPTIONS), training.follow, acceptors)
            after_training = databases(tmp_path, "buyer")
            summed = run_job(world, job_request(OPTIONS, canaries.statistics), summing.follow, acceptors)
    weights, means = np.array(delivered_weights(trained.result)), canaries.means()
    assert summed.result["rows"] == ROWS
    assert [one["mean"] for one in summed.result["columns"].values() if "mean" in one] == pytest.approx(means, abs=1e-9)

    assert len(proxies) == 2
    bodies = {f"{index}:{path}": data for proxy in proxies for index, (path, data) in enumerate(proxy.bodies)}
    assert any("/tasks/" in name for name in bodies)
    logs = {path.name: path.read_bytes() for path in tmp_path.glob("*.log")}
    assert len(logs) == OPTIONS.owners + 2
    assert all(b"/v1/" in log for log in logs.values()), "every service has logged its requests"
    aggregator, buyer = databases(tmp_path, "aggregator"), databases(tmp_path, "buyer")
    of_owners = [databases(tmp_path, f"owner-{index}") for index in range(OPTIONS.owners)]
    for place in (bodies, logs, aggregator, buyer):
        assert occurrences(place, canaries.cells) == []

    for index, rows in enumerate(parts):
        others = [database for other, database in enumerate(of_owners) if other != index]
        own = canaries.traces_of_sums(rows)
        for place in (bodies, logs, aggregator, buyer, *others):
            assert found_in(place, own) == []

    for place in (bodies, logs, aggregator, *of_owners):
        assert occurrences(place, weights) == []
        assert occurrences(place, means) == []
    for watched, hidden in ((training, weights), (summing, means)):
        assert watched.before_pay
        for snapshot in watched.before_pay:
            assert occurrences(snapshot, hidden) == []

    # The search finds what is there: the buyer's database holds the results now, the owners' files their rows.
    assert occurrences(after_training, weights)
    assert len(occurrences(buyer, means)) >= len(means)
    shown = summed.result["columns"]
    for counts in (shown["north"]["histogram"]["counts"], shown["soil"]["levels"]):
        assert found_in(buyer, traces_of_counts(counts))
    files = {path.name: path.read_bytes() for path in tmp_path.glob("owner-*/data/rows.csv")}
    assert len(occurrences(files, canaries.cells)) >= canaries.cells.size / OPTIONS.owners
