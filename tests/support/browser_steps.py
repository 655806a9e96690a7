"""What people do on pages in several browser tests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

CURVE = re.compile(r"^Mean squared error: .* after round (\d+)\.$")


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose_file(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def fill_wizard(page: Page, title: str, sample: Path, target: str, snapshot: Callable[[Page, str], None]) -> None:
    """Through all steps to the review, with a reload in the middle."""
    page.locator("label", has_text="Train a model").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Read from a sample CSV…").click()
    choose_file(page, sample)
    page.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_role("group", name="Target").get_by_label("Name")).to_have_value(target)
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


def rounds_drawn(page: Page) -> int:
    """The last round on the curve; 0 before there is one."""
    curve = page.get_by_role("img", name=CURVE)
    if curve.count() == 0:
        return 0
    drawn = CURVE.match(curve.get_attribute("aria-label") or "")
    assert drawn is not None
    return int(drawn[1])


def wait_for_round(page: Page, round_number: int) -> None:
    deadline = time.monotonic() + 120
    while rounds_drawn(page) < round_number:
        assert time.monotonic() < deadline, f"the curve does not reach round {round_number}"
        page.wait_for_timeout(100)
