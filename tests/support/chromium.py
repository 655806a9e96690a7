"""A real Chromium, and people who open pages in it: what no page may do is noticed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
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

from deltaml.demo.world import Login

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts" / "browser"
TIMEOUT_MS = 60_000
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


def chromium_path() -> str | None:
    """The system's Chromium; None leaves the choice to playwright, which may have downloaded one."""
    return next((path for name in BINARIES if (path := shutil.which(name))), None)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A Chromium. Start no service while it runs: that would be forked with the driver's pipes, and keep it from ending."""
    for face in ("owner", "buyer", "board"):
        assert (ROOT / "ui/dist" / face / "index.html").exists(), "the pages are not built; run `make ui`"
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
