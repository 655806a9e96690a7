"""A job from the first sign-in to predictions and withdrawals, by hand in the browser; and the ways in which it goes wrong."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

CURVE = re.compile(r"^Mean squared error: .* after round (\d+)\.$")
FINISHED = 120_000


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose_file(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def rounds_drawn(page: Page) -> int:
    """The last round on the curve; 0 before there is one."""
    curve = page.get_by_role("img", name=CURVE)
    if curve.count() == 0:
        return 0
    return int(CURVE.match(curve.get_attribute("aria-label") or "")[1])


def wait_for_round(page: Page, round_number: int) -> None:
    deadline = time.monotonic() + 120
    while rounds_drawn(page) < round_number:
        assert time.monotonic() < deadline, f"the curve does not reach round {round_number}"
        page.wait_for_timeout(100)


def add_datasets(stack) -> None:
    """All owners have their data; who has it already keeps it."""
    for owner, path in zip(stack.world.owners, stack.files, strict=True):
        if not owner.session.get("/v1/datasets")["datasets"]:
            owner.session.post("/v1/datasets", {"path": str(path), "name": "Orchards", "tags": ["fruit"]})


def post_job(stack, title: str, computation: dict | None = None, **changes) -> str:
    features, target = stack.data.ranges()
    columns = [{"name": one.name, "minimum": one.minimum, "maximum": one.maximum} for one in (*features, target)]
    request = {
        "title": title,
        "computation": {
            "kind": "linear_regression",
            "features": columns[:-1],
            "target": columns[-1],
            "rounds": 20,
            "evaluate_every": 10,
            **(computation or {}),
        },
        "min_owners": 5,
        "deposit_wei": str(10**17),
        "start_within_s": 3600,
        "finish_within_s": 7200,
        **changes,
    }
    return stack.world.buyer.session.post("/v1/jobs", request)["id"]


def chain_number(stack, job_id: str) -> int:
    """The number of a job on the chain, once every owner is offered it."""
    deadline = time.monotonic() + 60
    while True:
        number = stack.world.buyer.session.get(f"/v1/jobs/{job_id}")["job_id"]
        listed = [{row["job_id"] for row in one.session.get("/v1/offers")["offers"]} for one in stack.world.owners]
        if number is not None and all(number in numbers for numbers in listed):
            return int(number)
        assert time.monotonic() < deadline, "the job is not offered"
        time.sleep(0.2)


def accept(stack, number: int, owners: slice = slice(None)) -> None:
    for owner in stack.world.owners[owners]:
        owner.session.post(f"/v1/offers/{number}/accept", {})


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


def fill_wizard(page: Page, title: str, sample: Path, snapshot) -> None:
    """Through all steps to the review, with a reload in the middle."""
    page.locator("label", has_text="Train a model").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Read from a sample CSV…").click()
    choose_file(page, sample)
    page.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_role("group", name="Target").get_by_label("Name")).to_have_value("harvest")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Rounds", exact=True).fill("40")
    page.get_by_label("Evaluate every").fill("10")
    page.reload()
    expect(page.get_by_label("Rounds", exact=True)).to_have_value("40")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Owners at least")).to_have_value("5")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Deposit").fill("0.5")
    expect(page.get_by_text("Your account holds enough.")).to_be_visible()
    snapshot(page, "journey-wizard-money")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("button", name="Post the job and pay 0.5 ETH")).to_be_visible()
    snapshot(page, "journey-wizard-review")


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


@pytest.mark.soak
def test_a_job_from_sign_in_to_predictions_and_withdrawals(stack, visits, snapshot, tmp_path):
    world = stack.world
    owners = [visits.open(member.login.url) for member in world.owners[:2]]
    for page, member in zip(owners, world.owners, strict=False):
        sign_in(page, member.login.password)
    add_by_upload(owners[0], stack.files[0])
    snapshot(owners[0], "journey-dataset")
    add_by_path(owners[1], stack.files[1])
    add_datasets(stack)

    buyer = visits.open(world.buyer.login.url)
    sign_in(buyer, world.buyer.login.password)
    buyer.get_by_role("link", name="Post the first job").click()
    fill_wizard(buyer, "Harvest of an orchard", stack.sample, snapshot)
    buyer.get_by_role("button", name="Post the job and pay 0.5 ETH").click()
    expect(buyer.get_by_role("heading", level=1, name="Harvest of an orchard")).to_be_visible()
    job_id = buyer.url.rsplit("/", 1)[1]

    number = chain_number(stack, job_id)
    for page in owners:
        accept_by_hand(page, "Harvest of an orchard")
    snapshot(owners[0], "journey-accepted")
    buyer.evaluate("window.notReloaded = true")
    accept(stack, number, slice(2, None))

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


def test_a_wrong_password_is_refused_clearly_and_guessing_is_slowed_down(stack, visits, snapshot):
    visits.refusals_are_expected = True
    page = visits.open(stack.world.owners[4].login.url)
    for _ in range(5):
        sign_in(page, "guess")
        expect(page.get_by_text("Wrong user name or password. Check both and try again.")).to_be_visible()
        page.get_by_label("Password").fill("")
    sign_in(page, stack.world.owners[4].login.password)
    expect(page.get_by_text("Too many failed attempts.")).to_be_visible()
    expect(page.get_by_label("User")).to_have_value("admin")
    snapshot(page, "trouble-sign-in")


def test_bad_cells_of_a_file_are_named(stack, visits, snapshot, english, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("rain,sun,harvest\n600,1900,41\n610,fog,40\n,1800,39\n")
    page = visits.member(stack.world.owners[3].login, "/datasets/new")
    choose_file(page, bad)
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_text("Some columns cannot be used as they are")).to_be_visible()
    expect(page.get_by_text("1 cell is not a number: row 2 holds “fog”")).to_be_visible()
    expect(page.get_by_text("1 empty cell, the first in row 3")).to_be_visible()
    snapshot(page, "trouble-bad-cells")
    visits.refusals_are_expected = True
    broken = tmp_path / "broken.csv"
    broken.write_text("rain,sun,harvest\n600,1900\n")
    page.goto(stack.world.owners[3].login.url + "/datasets/new")
    choose_file(page, broken)
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_role("alert")).to_contain_text("row 1 (line 2) has 2 cells; expected 3")
    spanish = visits.member(stack.world.owners[3].login, "/datasets/new", locale="es-ES")
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


def test_an_owner_sees_why_no_dataset_matches_and_a_buyer_calls_the_job_off(stack, visits, snapshot):
    add_datasets(stack)
    narrow = [
        {"name": "rain", "minimum": 500, "maximum": 510},
        {"name": "frost", "minimum": 0, "maximum": 30},
    ]
    job_id = post_job(stack, "A job that nobody can do", {"features": narrow})
    number = chain_number(stack, job_id)
    owner = visits.member(stack.world.owners[0].login, f"/offers/{number}")
    expect(owner.get_by_text("None of your datasets matches as its columns are named.")).to_be_visible()
    expect(owner.get_by_text("no such column")).to_be_visible()
    expect(owner.get_by_text("values outside of the range")).to_be_visible()
    snapshot(owner, "trouble-no-match")
    buyer = visits.member(stack.world.buyer.login, f"/jobs/{job_id}")
    buyer.get_by_role("button", name="Call off…").click()
    buyer.get_by_role("button", name="Call the job off").click()
    expect(buyer.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(owner.get_by_text("Cancelled", exact=True)).to_be_visible()
    snapshot(buyer, "trouble-cancelled")


def test_a_deposit_that_the_account_does_not_hold_is_refused_beside_its_field(stack, visits, snapshot):
    page = visits.member(stack.world.buyer.login, "/jobs/new")
    fill_wizard(page, "Too dear", stack.sample, snapshot)
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
def test_a_job_that_too_many_decline_is_not_filled_and_says_so(stack, visits, snapshot, english):
    add_datasets(stack)
    job_id = post_job(stack, "Declined by most", start_within_s=15)
    number = chain_number(stack, job_id)
    buyer = visits.member(stack.world.buyer.login, f"/jobs/{job_id}")
    owner = visits.member(stack.world.owners[0].login, f"/offers/{number}")
    owner.get_by_role("button", name="Decline").click()
    owner.get_by_role("alertdialog").get_by_role("button", name="Decline").click()
    expect(owner.get_by_text("Declined", exact=True)).to_be_visible()
    for member in stack.world.owners[1:3]:
        member.session.post(f"/v1/offers/{number}/decline", {})
    accept(stack, number, slice(3, None))
    stack.pass_time(30)
    expect(buyer.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(buyer.get_by_text("Not enough data owners accepted in time")).to_be_visible()
    expect(buyer.get_by_role("link", name="Withdraw it on the account page")).to_be_visible()
    snapshot(buyer, "trouble-declined")
    buyer.get_by_role("button", name="Post again with these settings").click()
    buyer.get_by_role("button", name="Next").click()
    expect(buyer.get_by_label("Title")).to_have_value("Declined by most")
    board = visits.open(stack.world.aggregator_url, f"/jobs/{number}", locale="es-ES")
    expect(board.get_by_text("No aceptaron suficientes propietarios antes del límite para empezar")).to_be_visible()
    spanish = visits.member(stack.world.buyer.login, f"/jobs/{job_id}", locale="es-ES")
    expect(spanish.get_by_text("Anulado", exact=True).first).to_be_visible()
    snapshot(spanish, "trouble-declined-spanish")
    assert english(board, "Declined by most") + english(spanish, "Declined by most") == []


@pytest.mark.soak
def test_pages_survive_an_aggregator_and_a_chain_that_go_and_come_back(stack, visits, snapshot, english):
    visits.refusals_are_expected = True
    add_datasets(stack)
    job_id = post_job(stack, "Through all weathers", {"rounds": 90})
    number = chain_number(stack, job_id)
    buyer = visits.member(stack.world.buyer.login, f"/jobs/{job_id}")
    board = visits.open(stack.world.aggregator_url, f"/jobs/{number}")
    overview = visits.open(stack.world.aggregator_url)
    accept(stack, number)
    wait_for_round(buyer, 10)
    wait_for_round(board, 10)

    url, killed = stack.world.aggregator_url, stack.world.services.kill("aggregator")
    banner = board.get_by_text("Connection lost – trying again")
    expect(banner).to_be_visible()
    expect(buyer.get_by_text("Not everything can be shown right now")).to_be_visible()
    snapshot(board, "trouble-connection-lost")
    spanish = visits.member(stack.world.buyer.login, f"/jobs/{job_id}", locale="es-ES")
    expect(spanish.get_by_text("Ahora no se puede mostrar todo")).to_be_visible()
    assert english(spanish, "Through all weathers") == []
    stack.start_again(killed, url)
    expect(banner).to_be_hidden()
    wait_for_round(board, rounds_drawn(board) + 10)
    expect(buyer.get_by_text("Not everything can be shown right now")).to_be_hidden()

    stack.stop_chain()
    expect(overview.get_by_text("The chain does not answer")).to_be_visible()
    snapshot(overview, "trouble-chain-down")
    spanish.goto(stack.world.buyer.login.url + "/account")
    expect(spanish.get_by_text("ningún nodo de Ethereum responde", exact=False).first).to_be_visible()
    snapshot(spanish, "trouble-chain-down-spanish")
    assert english(spanish) == []
    stack.start_chain()
    expect(overview.get_by_text("The chain does not answer")).to_be_hidden()
    expect(buyer.get_by_role("heading", name="Your model")).to_be_visible(timeout=FINISHED)
    wait_for_round(board, 90)
