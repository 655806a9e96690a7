"""Pages in a Chromium, in front of the market that all share; a module with a world of its own has a `browser` of its own."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.chromium import ARTIFACTS, Visits, running_chromium
from tests.support.market import Market

FAILED = pytest.StashKey[bool]()
# Words that hardly any English sentence does without, and that no Spanish one has.
ENGLISH = re.compile(
    r"(?:^|\s)(?:and|are|at|by|for|has|is|it|its|must|not|of|the|to|was|with)(?=$|[\s.,:;])", re.IGNORECASE
)


@pytest.fixture(scope="module")
def browser(market: Market) -> Iterator[Browser]:
    """One Chromium for a module, which begins once the market runs."""
    with running_chromium() as launched:
        yield launched


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know whether their test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def visits(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Pages for one test; at its end nothing of what is forbidden may have happened."""
    made = Visits(browser)
    yield made
    if request.node.stash.get(FAILED, False):
        made.photograph(request.node.name)
    made.close()
    assert made.faults == []


@pytest.fixture
def english() -> object:
    """Finds lines of a page in Spanish that are English; what people typed (`typed`) can be in any language."""

    def lines(page: Page, *typed: str) -> list[str]:
        text = page.locator("body").inner_text()
        for words in typed:
            text = text.replace(words, "")
        return [f"{page.url}: {line}" for line in text.splitlines() if ENGLISH.search(line)]

    return lines


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> object:
    """Keeps a picture of a page in test-artifacts/browser, for people to look at."""

    def take(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)

    return take
