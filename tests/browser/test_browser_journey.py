"""A job by hand in the browser, from the first sign-in to withdrawals; and pages while services and chain are away.

This world is the module's own: the job is the first of newcomers, to whom nothing has happened yet, and then something is killed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import ServiceProcess
from deltaml.demo.world import World, running_world
from deltaml.nodes import ChainNode, start_ganache
from tests.support.browser_steps import choose_file, fill_wizard, rounds_drawn, sign_in, wait_for_round
from tests.support.chromium import running_chromium
from tests.support.harvests import Harvest, accept, bring_harvest, chain_number, harvest_table
from tests.support.market import KEY_BITS, OWNERS, SETTINGS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.soak]

FINISHED = 120_000


@dataclass
class OwnWorld:
    """Everything that runs, and the data that the owners have."""

    world: World
    node: ChainNode
    chain_folder: Path
    harvest: Harvest

    def start_again(self, killed: ServiceProcess, url: str) -> None:
        """Start a service that was killed, at the address that it had."""
        port = str(urlsplit(url).port)
        started = self.world.services.start(killed.name, killed.arguments, {**killed.environment, "DELTAML_PORT": port})
        started.url(time.monotonic() + 60)

    def stop_chain(self) -> None:
        self.node.kill()

    def start_chain(self) -> None:
        self.node = start_ganache(self.node.port, db_path=self.chain_folder)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnWorld]:
    """The running platform; nobody has added a dataset or posted a job."""
    folder = tmp_path_factory.mktemp("own")
    options = DemoOptions(owners=OWNERS, key_bits=KEY_BITS, key_policy=UNSAFE_SMALL_KEYS)
    node = start_ganache(db_path=folder / "chain")
    running = None
    try:
        with running_world(options, folder, node=node, settings=SETTINGS) as world:
            table = harvest_table("orchards", ("rain", "sun"), "harvest")
            running = OwnWorld(world, node, folder / "chain", bring_harvest(world, folder, table))
            yield running
    finally:
        (running.node if running else node).stop()


@pytest.fixture(scope="module")
def browser(own: OwnWorld) -> Iterator[Browser]:
    with running_chromium() as launched:
        yield launched
        # What was started again meanwhile has the driver's pipes.
        own.world.services.stop()


def add_by_upload(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Add a dataset").click()
    choose_file(page, path)
    page.get_by_label("Name").fill("Orchards in the valley")
    page.get_by_label("Tags").fill("fruit, valley")
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_role("heading", name="Orchards in the valley")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Distribution of rain"))).to_be_visible()


def add_by_path(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Add a dataset").click()
    page.get_by_text("On the machine of the service").click()
    page.get_by_label("Path").fill(str(path))
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_role("rowheader", name="harvest")).to_be_visible()


def accept_by_hand(page: Page, title: str) -> None:
    page.get_by_role("link", name="Job offers").click()
    page.get_by_role("link", name=title).click()
    page.get_by_role("button", name="Accept…").click()
    page.get_by_role("button", name="Sign and accept").click()
    expect(page.get_by_text("Initiated").or_(page.get_by_text("In progress")).first).to_be_visible()


def predict(page: Page, folder: Path) -> None:
    page.get_by_role("tab", name="Predict", exact=True).click()
    page.get_by_label("rain", exact=True).fill("600")
    page.get_by_label("sun", exact=True).fill("1900")
    page.get_by_role("button", name="Predict", exact=True).click()
    predicted = page.get_by_role("status").filter(has_text=re.compile(r"^\s*\d+\.\d+"))
    expect(predicted).to_be_visible()
    # 0.03·600 + 0.012·1900 = 40.8, from which the fit is not far.
    assert abs(float(re.search(r"[\d.]+", predicted.inner_text())[0]) - 40.8) < 3
    rows = folder / "rows.csv"
    rows.write_text("plot,rain,sun\na,600,1900\nb,400,1500\n")
    page.get_by_role("tab", name="Predict from a CSV").click()
    choose_file(page, rows)
    expect(page.get_by_text("Predicted 2 rows")).to_be_visible()


def withdraw(page: Page) -> None:
    page.get_by_role("button", name="Withdraw…").click()
    page.get_by_role("button", name="Sign and withdraw").click()
    expect(page.get_by_role("table", name="Withdrawals").get_by_text("Paid out")).to_be_visible()
    expect(page.get_by_text("There is nothing to withdraw yet.")).to_be_visible()


def test_a_job_from_sign_in_to_predictions_and_withdrawals(own, visits, snapshot, tmp_path):
    world = own.world
    owners = [visits.open(member.login.url) for member in world.owners[:2]]
    for page, member in zip(owners, world.owners, strict=False):
        sign_in(page, member.login.password)
    add_by_upload(owners[0], own.harvest.files[0])
    snapshot(owners[0], "journey-dataset")
    add_by_path(owners[1], own.harvest.files[1])
    own.harvest.add_datasets("Orchards")

    buyer = visits.open(world.buyer.login.url)
    sign_in(buyer, world.buyer.login.password)
    buyer.get_by_role("link", name="Post the first job").click()
    fill_wizard(buyer, "Harvest of an orchard", own.harvest.sample, "harvest", snapshot)
    buyer.get_by_role("button", name="Post the job and pay 0.5 ETH").click()
    expect(buyer.get_by_role("heading", level=1, name="Harvest of an orchard")).to_be_visible()
    job_id = buyer.url.rsplit("/", 1)[1]

    number = chain_number(own.world, job_id)
    for page in owners:
        accept_by_hand(page, "Harvest of an orchard")
    snapshot(owners[0], "journey-accepted")
    buyer.evaluate("window.notReloaded = true")
    accept(own.world, number, slice(2, None))

    for round_number in (10, 20, 30):
        wait_for_round(buyer, round_number)
        if buyer.get_by_text("Running", exact=True).count():
            assert buyer.get_by_role("heading", name="Your model").count() == 0
            assert world.buyer.session.get(f"/v1/jobs/{job_id}")["settlement"] is None
    snapshot(buyer, "journey-training")
    expect(buyer.get_by_role("heading", name="Your model")).to_be_visible(timeout=FINISHED)
    assert buyer.evaluate("window.notReloaded") is True
    assert world.buyer.session.get(f"/v1/jobs/{job_id}")["settlement"] is not None
    expect(buyer.get_by_role("table", name="Weights").get_by_role("row")).to_have_count(4)
    snapshot(buyer, "journey-finished")
    predict(buyer, tmp_path)
    snapshot(buyer, "journey-predicted")

    owners[0].get_by_role("link", name="Earnings").click()
    expect(owners[0].get_by_text("Settled")).to_be_visible()
    withdraw(owners[0])
    snapshot(owners[0], "journey-earnings")
    buyer.get_by_role("link", name="Account", exact=True).click()
    withdraw(buyer)
    snapshot(buyer, "journey-account")


def test_pages_survive_an_aggregator_and_a_chain_that_go_and_come_back(own, visits, snapshot, english):
    visits.refusals_are_expected = True
    own.harvest.add_datasets("Orchards")
    job_id = own.harvest.post("Through all weathers", {"rounds": 90})
    number = chain_number(own.world, job_id)
    buyer = visits.member(own.world.buyer.login, f"/jobs/{job_id}")
    board = visits.open(own.world.aggregator_url, f"/jobs/{number}")
    overview = visits.open(own.world.aggregator_url)
    accept(own.world, number)
    wait_for_round(buyer, 10)
    wait_for_round(board, 10)

    url, killed = own.world.aggregator_url, own.world.services.kill("aggregator")
    banner = board.get_by_text("Connection lost – trying again")
    expect(banner).to_be_visible()
    expect(buyer.get_by_text("Not everything can be shown right now")).to_be_visible()
    snapshot(board, "trouble-connection-lost")
    spanish = visits.member(own.world.buyer.login, f"/jobs/{job_id}", locale="es-ES")
    expect(spanish.get_by_text("Ahora no se puede mostrar todo")).to_be_visible()
    assert english(spanish, "Through all weathers") == []
    own.start_again(killed, url)
    expect(banner).to_be_hidden()
    wait_for_round(board, rounds_drawn(board) + 10)
    expect(buyer.get_by_text("Not everything can be shown right now")).to_be_hidden()

    own.stop_chain()
    expect(overview.get_by_text("The chain does not answer")).to_be_visible()
    snapshot(overview, "trouble-chain-down")
    spanish.goto(own.world.buyer.login.url + "/account")
    expect(spanish.get_by_text("ningún nodo de Ethereum responde", exact=False).first).to_be_visible()
    snapshot(spanish, "trouble-chain-down-spanish")
    assert english(spanish) == []
    own.start_chain()
    expect(overview.get_by_text("The chain does not answer")).to_be_hidden()
    expect(buyer.get_by_role("heading", name="Your model")).to_be_visible(timeout=FINISHED)
    wait_for_round(board, 90)
