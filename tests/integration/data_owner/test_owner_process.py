"""A data owner as a process of its own, with neither aggregator nor chain: it starts, works, says so, and stops."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from commons.chain.keystore import LIGHT_ITERATIONS, create_keystore
from tests.doubles.process_memory import family, memory_mib

pytestmark = pytest.mark.integration

PROGRAM = """
import sys
from pathlib import Path
from data_owner.config import OwnerConfig
from data_owner.serve import serve
state_dir, ready_file = map(Path, sys.argv[1:])
options = {"state_dir": state_dir, "port": 0, "contract_address": "0x" + "c0" * 20,
           "aggregator_url": "http://127.0.0.1:9", "eth_rpc_url": "http://127.0.0.1:9", "data_dirs": state_dir / "data"}
sys.exit(serve(OwnerConfig.read(options), ready_file))
"""
CANARY = "31415.926535"


class OwnerProcess:
    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.ready_file = state_dir / "ready.json"
        self.log_file = state_dir / "log"

    def start(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        environment = {**os.environ, "DELTAML_KEYSTORE_PASSWORD": "keystore password"}
        arguments = [sys.executable, "-c", PROGRAM, str(self.state_dir), str(self.ready_file)]
        with self.log_file.open("a") as log:
            self.process = subprocess.Popen(arguments, env=environment, stderr=log)
        deadline = time.monotonic() + 30
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.log_file.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.url = json.loads(self.ready_file.read_text())["url"]

    def sign_in(self) -> requests.Session:
        password = (self.state_dir / "admin-password").read_text().strip()
        session = requests.Session()
        answer = session.post(f"{self.url}/v1/session", json={"user": "admin", "password": password}, timeout=10)
        session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return session

    def family(self) -> list[int]:
        return family(self.process.pid)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[OwnerProcess]:
    create_keystore(tmp_path / "keystore.json", "keystore password", iterations=LIGHT_ITERATIONS)
    (tmp_path / "data").mkdir()
    owner = OwnerProcess(tmp_path)
    owner.start()
    yield owner
    owner.process.kill()
    owner.process.wait()


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_it_works_without_aggregator_and_chain_and_says_what_is_missing(owner: OwnerProcess) -> None:
    assert stat.S_IMODE((owner.state_dir / "admin-password").stat().st_mode) == 0o600
    ready = requests.get(f"{owner.url}/readyz", timeout=10)
    assert ready.status_code == 503
    assert {check["name"]: check["ok"] for check in ready.json()["checks"]} == {
        "database": True,
        "chain": False,
        "aggregator": False,
    }
    session = owner.sign_in()
    assert "does not answer" in session.get(f"{owner.url}/v1/offers", timeout=10).json()["stale_reason"]
    account = session.get(f"{owner.url}/v1/account", timeout=10)
    assert (account.status_code, account.json()["owed_wei"]) == (200, None)
    assert "answers" in account.json()["unavailable_reason"]


def test_what_was_added_is_there_after_a_kill_and_the_log_holds_no_cell(owner: OwnerProcess) -> None:
    rows = owner.state_dir / "data" / "rows.csv"
    rows.write_text(f"a,y\n{CANARY},2\nnorth-{CANARY},4\n")
    session = owner.sign_in()
    added = session.post(f"{owner.url}/v1/datasets", json={"path": str(rows)}, timeout=10)
    assert added.status_code == 201
    rows.write_text(f"a,y\n{CANARY}\n")
    refused = session.post(f"{owner.url}/v1/datasets", json={"path": str(rows)}, timeout=10)
    assert refused.status_code == 409
    # What the service keeps for itself does not lie in a folder that was named.
    for name in ("keystore.json", "nothing.json"):
        outside = session.post(f"{owner.url}/v1/datasets", json={"path": str(owner.state_dir / name)}, timeout=10)
        assert (outside.status_code, "that its operator has named" in outside.json()["detail"]) == (422, True)
    family = owner.family()
    # supervisor, web server, its worker, task agent, job keeper
    assert len(family) == 5
    owner.process.kill()
    owner.process.wait()
    deadline = time.monotonic() + 5
    while not gone(family[1:]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    owner.start()
    shown = owner.sign_in().get(f"{owner.url}/v1/datasets", timeout=10).json()["datasets"]
    assert shown == [added.json()]
    assert CANARY not in owner.log_file.read_text()


def test_files_that_unpack_to_gigabytes_leave_its_memory_as_it_was(owner: OwnerProcess, tmp_path: Path) -> None:
    session = owner.sign_in()

    def upload(name: str, content: bytes) -> int:
        files = {"file": (name, content)}
        return session.post(f"{owner.url}/v1/datasets", files=files, timeout=30).status_code

    def written(name: str, cells: pa.Array, **form: Any) -> bytes:
        pq.write_table(pa.table({"s": cells}), tmp_path / name, compression="zstd", write_statistics=False, **form)
        return (tmp_path / name).read_bytes()

    assert upload("plain.csv", b"a,y\n1,2\n") == 201
    before = memory_mib(owner.family())
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array(["x" * 1_000_000]))
    attacks = {
        "dictionary.parquet": written("dictionary.parquet", text),
        "cell.parquet": written("cell.parquet", pa.array(["x" * 100_000_000]), use_dictionary=False),
        "line.csv": b"a,y\n" + b"1" * 20_000_000,
        "columns.csv": b"a" + b",b" * 1_000_000,
    }
    assert [upload(name, content) for name, content in attacks.items()] == [201, 201, 422, 422]
    assert memory_mib(owner.family()) - before < 150


def test_it_stops_at_once_and_leaves_nothing_behind(owner: OwnerProcess) -> None:
    family = owner.family()
    started = time.monotonic()
    owner.process.send_signal(signal.SIGTERM)
    assert owner.process.wait(20) == 0
    # Two seconds on a machine that does nothing else; its agent's poll would take twenty more.
    assert time.monotonic() - started < 10
    assert gone(family)
