"""The steps "By hand" of docs/operations.md under a umask that hides nothing: state folders are their service's alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.integration

NOWHERE = "http://127.0.0.1:9"
START_TIMEOUT_S = 60
SETTINGS = {
    "DELTAML_KEYSTORE_PASSWORD": "keystore password",
    "DELTAML_ADMIN_PASSWORD": "admin password",
    "DELTAML_CONTRACT_ADDRESS": "0x" + "c0" * 20,
    "DELTAML_ETH_RPC_URL": NOWHERE,
    "DELTAML_AGGREGATOR_URL": NOWHERE,
    "DELTAML_PORT": "0",
}


def deltaml(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **SETTINGS}
    command = [sys.executable, "-m", "deltaml", *arguments]
    return subprocess.Popen(command, env=environment, umask=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def serving(service: str, folder: Path, ready: Callable[[], bool]) -> Iterator[None]:
    process = deltaml(service, "serve", "--state-dir", str(folder), "--ready-file", str(folder / "ready.json"))
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def open_to_others(folder: Path) -> dict[str, str]:
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}
    return {str(path.relative_to(folder)): oct(mode) for path, mode in found.items() if mode & 0o077}


def new_account(folder: Path) -> None:
    assert deltaml("account", "new", "--keystore", str(folder / "keystore.json")).wait(START_TIMEOUT_S) == 0
    assert open_to_others(folder) == {}


def test_an_owners_folder_with_an_upload_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "owner"
    new_account(folder)
    ready_file = folder / "ready.json"
    with serving("owner", folder, ready_file.exists):
        url = json.loads(ready_file.read_text())["url"]
        body = {"user": "admin", "password": SETTINGS["DELTAML_ADMIN_PASSWORD"]}
        token = requests.post(f"{url}/v1/session", json=body, timeout=10).json()["token"]
        added = requests.post(
            f"{url}/v1/datasets",
            files={"file": ("rows.csv", b"a,y\n1,2\n3,4\n")},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        assert added.status_code == 201
        assert len(list((folder / "datasets").iterdir())) == 1
        assert open_to_others(folder) == {}


def test_a_buyers_folder_that_was_open_is_closed_at_start(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "buyer"
    new_account(folder)
    folder.chmod(0o755)
    (folder / "notes").write_text("kept")
    (folder / "notes").chmod(0o644)
    with serving("buyer", folder, (folder / "ready.json").exists):
        assert open_to_others(folder) == {}


def test_an_aggregators_folder_is_its_own_while_it_waits_for_the_chain(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "aggregator"
    new_account(folder)
    with serving("aggregator", folder, (folder / "aggregator.sqlite3-wal").exists):
        assert open_to_others(folder) == {}
