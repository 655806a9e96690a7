"""Real pages in a real Chromium, in front of a real stack: chain, contract, aggregator, buyer and five owners."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.kinds.linear_regression import LinearRegressionJob, RegressionTable
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import ServiceProcess
from deltaml.demo.world import DATA_DIR, Login, World, running_world
from deltaml.nodes import ChainNode, start_ganache

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts" / "browser"
TIMEOUT_MS = 60_000
FAILED = pytest.StashKey[bool]()
BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# What the browser itself writes when a service refuses or is away; the page shows it too, which the tests look at.
REFUSAL = re.compile(r"^Failed to load resource: ")
# Words that hardly any English sentence does without, and that no Spanish one has.
ENGLISH = re.compile(
    r"(?:^|\s)(?:and|are|at|by|for|has|is|it|its|must|not|of|the|to|was|with)(?=$|[\s.,:;])", re.IGNORECASE
)


@dataclass
class Stack:
    """Everything that runs, and the data that the owners bring."""

    world: World
    folder: Path
    data: RegressionTable
    node: ChainNode
    chain_folder: Path
    sample: Path
    files: list[Path] = field(default_factory=list)

    def start_again(self, killed: ServiceProcess, url: str) -> None:
        """Start a service that was killed, at the address that it had."""
        port = str(urlsplit(url).port)
        started = self.world.services.start(killed.name, killed.arguments, {**killed.environment, "DELTAML_PORT": port})
        started.url(time.monotonic() + 60)

    def stop_chain(self) -> None:
        self.node.kill()

    def pass_time(self, seconds: int) -> None:
        """Have the chain's clock go on, and a block with that time."""
        for method, params in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            assert "error" not in requests.post(self.node.rpc_url, json=body, timeout=30).json()

    def start_chain(self) -> None:
        self.node = start_ganache(self.node.port, db_path=self.chain_folder)


def orchards() -> RegressionTable:
    """Sixty rows of two features, which a line fits well."""
    rng = np.random.default_rng(41)
    X = np.column_stack([rng.uniform(300, 900, 60), rng.uniform(1200, 2600, 60)])
    y = 0.03 * X[:, 0] + 0.012 * X[:, 1] + rng.uniform(-1, 1, 60)
    return RegressionTable("orchards", ("rain", "sun"), "harvest", X, y)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running platform; nobody has added a dataset or posted a job."""
    for face in ("owner", "buyer", "board"):
        assert (ROOT / "ui/dist" / face / "index.html").exists(), "the pages are not built; run `make ui`"
    folder = tmp_path_factory.mktemp("stack")
    options = DemoOptions(owners=5, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS)
    settings = {"DELTAML_KEY_BITS": "1024", "DELTAML_POLL_INTERVAL_S": "0.2"}
    node = start_ganache(db_path=folder / "chain")
    running = None
    try:
        with running_world(options, folder, node=node, settings=settings) as world:
            running = Stack(world, folder, orchards(), node, folder / "chain", folder / "all-orchards.csv")
            running.data.write(running.sample)
            parts = LinearRegressionJob(running.data, {}).deal(7, 5)
            for owner, rows in zip(world.owners, parts, strict=True):
                running.files.append(folder / owner.login.name / DATA_DIR / f"orchard-{owner.login.name}.csv")
                running.data.write(running.files[-1], rows)
            yield running
    finally:
        (running.node if running else node).stop()


def chromium_path() -> str | None:
    """The system's Chromium; None leaves the choice to playwright, which may have downloaded one."""
    return next((path for name in BINARIES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """One Chromium for a module. It needs the stack because services are forked, which is done before a driver runs."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        path = chromium_path()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            missing = "no Chromium: run scripts/install_browser.sh, or `playwright install chromium`"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        launched = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield launched
        launched.close()
        # One that was started again meanwhile was forked with the driver's pipes, which would keep the driver from ending.
        stack.world.services.stop()


@dataclass
class Visits:
    """Opens pages as different people, and sees what no page may do: console errors, requests to other hosts, no policy."""

    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refusals_are_expected: bool = False
    """Whether the test itself has services refuse or vanish."""

    def open(self, url: str, path: str = "/", *, login: Login | None = None, **options: object) -> Page:
        """A page of its own context; with a login it is signed in already."""
        settings = {"locale": "en-GB", "viewport": {"width": 1280, "height": 860}, **options}
        context = self.browser.new_context(**settings)
        context.set_default_timeout(TIMEOUT_MS)
        self.contexts.append(context)
        if login is not None:
            body = {"user": login.user, "password": login.password, "kind": "browser"}
            assert context.request.post(f"{url}/v1/session", data=body).ok
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._asked(url, request))
        page.on("response", lambda response: self._answered(url, response))
        page.goto(url + path)
        return page

    def member(self, login: Login, path: str = "/", **options: object) -> Page:
        """A page of a buyer's or owner's service, signed in."""
        return self.open(login.url, path, login=login, **options)

    def photograph(self, name: str) -> None:
        """Keep a picture of every open page."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        for index, page in enumerate(page for context in self.contexts for page in context.pages):
            page.screenshot(path=ARTIFACTS / f"failed-{name}-{index}.png", full_page=True)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()

    def _heard(self, message: ConsoleMessage) -> None:
        expected = self.refusals_are_expected and REFUSAL.match(message.text)
        if message.type in {"error", "warning"} and not expected:
            self.faults.append(f"console of {message.location['url']}: {message.text}")

    def _asked(self, url: str, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(url).netloc and not request.url.startswith(("data:", "blob:")):
            self.faults.append(f"a request to another host: {request.url}")

    def _answered(self, url: str, response: Response) -> None:
        if response.request.resource_type != "document" or not response.url.startswith(url):
            return
        header = response.headers.get("content-security-policy", "")
        policy = dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())
        if policy != CONTENT_SECURITY_POLICY:
            self.faults.append(f"{response.url} has the policy {header!r}")


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
def english(stack: Stack) -> object:
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
