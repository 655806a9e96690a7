"""What pages say of mistakes, of what cannot be done, and of jobs that nobody takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from deltaml.demo.world import Login
from tests.support.browser_steps import choose_file, fill_wizard, sign_in
from tests.support.harvests import Harvest, accept, bring_harvest, chain_number, harvest_table
from tests.support.market import Market

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def harvest(market: Market) -> Harvest:
    """On the owners' disks; who needs its datasets adds them."""
    return bring_harvest(market.world, market.folder, harvest_table("meadows", ("dew", "wind"), "hay"))


@pytest.fixture
def guessed(market: Market) -> Iterator[Login]:
    """The login of an owner whose password may be guessed at: who owns it can sign in again afterwards."""
    owner = market.world.owners[4]
    yield owner.login
    with market.database(owner.login.name) as database:
        database.execute("DELETE FROM sign_in_failures")


def test_a_wrong_password_is_refused_clearly_and_guessing_is_slowed_down(guessed, visits, snapshot):
    visits.refusals_are_expected = True
    page = visits.open(guessed.url)
    for _ in range(5):
        sign_in(page, "guess")
        expect(page.get_by_text("Wrong user name or password. Check both and try again.")).to_be_visible()
        page.get_by_label("Password").fill("")
    sign_in(page, guessed.password)
    expect(page.get_by_text("Too many failed attempts.")).to_be_visible()
    expect(page.get_by_label("User")).to_have_value("admin")
    snapshot(page, "trouble-sign-in")


def test_bad_cells_of_a_file_are_named(market, visits, snapshot, english, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("dew,wind,hay\n600,1900,41\n610,fog,40\n,1800,39\n")
    page = visits.member(market.world.owners[3].login, "/datasets/new")
    choose_file(page, bad)
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_text("Some columns cannot be used as they are")).to_be_visible()
    expect(page.get_by_text("1 cell is not a number: row 2 holds “fog”")).to_be_visible()
    expect(page.get_by_text("1 empty cell, the first in row 3")).to_be_visible()
    snapshot(page, "trouble-bad-cells")
    visits.refusals_are_expected = True
    broken = tmp_path / "broken.csv"
    broken.write_text("dew,wind,hay\n600,1900\n")
    page.goto(market.world.owners[3].login.url + "/datasets/new")
    choose_file(page, broken)
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_role("alert")).to_contain_text("row 1 (line 2) has 2 cells; expected 3")
    spanish = visits.member(market.world.owners[3].login, "/datasets/new", locale="es-ES")
    choose_file(spanish, broken)
    spanish.get_by_role("button", name="Añadir").click()
    expect(spanish.get_by_role("alert")).to_contain_text("la fila 1 (línea 2) tiene 2 celdas; se esperaban 3")
    snapshot(spanish, "trouble-bad-cells-spanish")
    assert english(spanish) == []
    page.get_by_role("link", name="Datasets").first.click()
    page.get_by_role("link", name="bad.csv").or_(page.get_by_role("link", name="bad")).first.click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", level=1, name="Datasets")).to_be_visible()


def test_an_owner_sees_why_no_dataset_matches_and_a_buyer_calls_the_job_off(market, harvest, visits, snapshot):
    harvest.add_datasets("Meadows")
    narrow = [
        {"name": "dew", "minimum": 500, "maximum": 510},
        {"name": "frost", "minimum": 0, "maximum": 30},
    ]
    job_id = harvest.post("A job that nobody can do", {"features": narrow})
    number = chain_number(market.world, job_id)
    owner = visits.member(market.world.owners[0].login, f"/offers/{number}")
    expect(owner.get_by_text("None of your datasets matches as its columns are named.")).to_be_visible()
    expect(owner.get_by_text("no such column")).to_be_visible()
    expect(owner.get_by_text("values outside of the range")).to_be_visible()
    snapshot(owner, "trouble-no-match")
    buyer = visits.member(market.world.buyer.login, f"/jobs/{job_id}")
    buyer.get_by_role("button", name="Call off…").click()
    buyer.get_by_role("button", name="Call the job off").click()
    expect(buyer.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(owner.get_by_text("Cancelled", exact=True)).to_be_visible()
    snapshot(buyer, "trouble-cancelled")


def test_a_deposit_that_the_account_does_not_hold_is_refused_beside_its_field(market, harvest, visits, snapshot):
    page = visits.member(market.world.buyer.login, "/jobs/new")
    fill_wizard(page, "Too dear", harvest.sample, "hay", snapshot)
    page.get_by_role("link", name=re.compile("Money")).click()
    page.get_by_label("Deposit").fill("100000")
    expect(page.get_by_text("Your account does not hold enough")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Correct: Money").click()
    expect(page.get_by_label("Deposit")).to_be_focused()
    expect(page.get_by_label("Deposit")).to_have_accessible_description(re.compile("lacks .* ETH"))
    expect(page.get_by_label("Deposit")).to_have_value("100000")
    snapshot(page, "trouble-balance")


@pytest.mark.soak
def test_a_job_that_too_many_decline_is_not_filled_and_says_so(market, harvest, visits, snapshot, english):
    harvest.add_datasets("Meadows")
    job_id = harvest.post("Declined by most", start_within_s=15)
    number = chain_number(market.world, job_id)
    buyer = visits.member(market.world.buyer.login, f"/jobs/{job_id}")
    owner = visits.member(market.world.owners[0].login, f"/offers/{number}")
    owner.get_by_role("button", name="Decline").click()
    owner.get_by_role("alertdialog").get_by_role("button", name="Decline").click()
    expect(owner.get_by_text("Declined", exact=True)).to_be_visible()
    for member in market.world.owners[1:3]:
        member.session.post(f"/v1/offers/{number}/decline", {})
    accept(market.world, number, slice(3, None))
    market.pass_time(30)
    expect(buyer.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(buyer.get_by_text("Not enough data owners accepted in time")).to_be_visible()
    expect(buyer.get_by_role("link", name="Withdraw it on the account page")).to_be_visible()
    snapshot(buyer, "trouble-declined")
    buyer.get_by_role("button", name="Post again with these settings").click()
    buyer.get_by_role("button", name="Next").click()
    expect(buyer.get_by_label("Title")).to_have_value("Declined by most")
    board = visits.open(market.world.aggregator_url, f"/jobs/{number}", locale="es-ES")
    expect(board.get_by_text("No aceptaron suficientes propietarios antes del límite para empezar")).to_be_visible()
    spanish = visits.member(market.world.buyer.login, f"/jobs/{job_id}", locale="es-ES")
    expect(spanish.get_by_text("Anulado", exact=True).first).to_be_visible()
    snapshot(spanish, "trouble-declined-spanish")
    assert english(board, "Declined by most") + english(spanish, "Declined by most") == []
