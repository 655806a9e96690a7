"""A job of each kind on the market, from datasets to pay: the results are right and hidden until then, and rows stay at home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds.linear_regression.in_the_clear import train_in_the_clear
from deltaml.demo.kinds.linear_regression.job import delivered_weights
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import bring_datasets, job_request, run_job
from tests.support.canaries import Canaries, WatchedBuyer, databases, occurrences
from tests.support.market import KEY_BITS, OWNERS, Market
from tests.support.money import Money

pytestmark = pytest.mark.e2e

OPTIONS = DemoOptions(owners=OWNERS, key_bits=KEY_BITS, key_policy=UNSAFE_SMALL_KEYS)


@dataclass(frozen=True)
class Ran:
    """A job that has run, and what its buyer's service had before the pay."""

    canaries: Canaries
    parts: list[np.ndarray]
    finished: FinishedJob
    before_pay: list[dict[str, bytes]]

    @property
    def number(self) -> int:
        return int(self.finished.job["job_id"])


@pytest.fixture(scope="module")
def brought(market: Market) -> tuple[Canaries, list[np.ndarray]]:
    canaries = Canaries()
    parts = canaries.statistics.deal(OPTIONS.seed, OWNERS)
    bring_datasets(market.world, canaries.statistics, parts, market.folder)
    return canaries, parts


def run(market: Market, brought: tuple[Canaries, list[np.ndarray]], request: dict) -> Ran:
    watched = WatchedBuyer(market.world, market.folder)
    with Acceptors(market.world) as acceptors:
        finished = run_job(market.world, request, watched.follow, acceptors)
    return Ran(*brought, finished, watched.before_pay)


@pytest.fixture(scope="module")
def trained(market: Market, brought: tuple[Canaries, list[np.ndarray]]) -> Ran:
    return run(market, brought, brought[0].request(OPTIONS))


@pytest.fixture(scope="module")
def summed(market: Market, brought: tuple[Canaries, list[np.ndarray]]) -> Ran:
    return run(market, brought, job_request(OPTIONS, brought[0].statistics))


def test_a_regression_gives_the_weights_of_the_same_training_in_the_clear(market: Market, trained: Ran) -> None:
    table, contract = trained.canaries.regression.table, Money(market.world).market
    accounts = [owner.address for owner in market.world.owners]
    training, validation = (
        [table.part(trained.parts[accounts.index(one)]) for one in members]
        for members in (contract.trainers(trained.number), contract.validators(trained.number))
    )
    spec = trained.finished.spec.computation
    truth = train_in_the_clear(spec, training, validation, rounds=spec.rounds)
    assert np.array(delivered_weights(trained.finished.result)) == pytest.approx(truth.weights, rel=1e-6)


def test_statistics_are_those_of_all_rows_together(summed: Ran) -> None:
    found = summed.finished.result
    assert found["rows"] == sum(map(len, summed.parts))
    means = [column["mean"] for column in found["columns"].values() if "mean" in column]
    assert means == pytest.approx(summed.canaries.means(), abs=1e-9)


@pytest.mark.parametrize("which", ["trained", "summed"])
def test_everybody_is_paid_once_and_shows_it(market: Market, request: pytest.FixtureRequest, which: str) -> None:
    number, money = request.getfixturevalue(which).number, Money(market.world)
    credited = money.assert_paid_once(number)
    # Statistics pay every owner the same; a trainer whose rows made no model better earns nothing.
    owners = {owner.address for owner in market.world.owners}
    assert {one.payee for one in credited} >= (owners if which == "summed" else {*money.market.validators(number)})
    money.wait_until_services_agree(number)


def test_results_are_in_no_database_before_the_pay_and_in_the_buyers_alone_after_it(
    market: Market, trained: Ran, summed: Ran
) -> None:
    weights = np.array(delivered_weights(trained.finished.result))
    means = trained.canaries.means()
    for ran, hidden in ((trained, weights), (summed, means)):
        assert ran.before_pay
        assert [occurrences(snapshot, hidden) for snapshot in ran.before_pay] == [[]] * len(ran.before_pay)
        for name in ("aggregator", *(owner.login.name for owner in market.world.owners)):
            assert occurrences(databases(market.folder, name), hidden) == []
        assert occurrences(databases(market.folder, "buyer"), hidden)


def test_rows_are_in_no_log_and_in_no_database(market: Market, trained: Ran, summed: Ran) -> None:
    cells = trained.canaries.cells
    logs = {path.name: path.read_bytes() for path in market.folder.glob("*.log")}
    assert len(logs) == OWNERS + 2
    assert all(b"/v1/" in log for log in logs.values()), "every service has logged its requests"
    assert occurrences(logs, cells) == []
    for name in ("aggregator", "buyer"):
        assert occurrences(databases(market.folder, name), cells) == []
    files = {str(path): path.read_bytes() for path in market.folder.glob("owner-*/data/rows.csv")}
    assert len(occurrences(files, cells)) >= cells.size / OWNERS, "the search finds what is there"
