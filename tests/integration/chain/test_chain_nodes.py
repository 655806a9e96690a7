"""Nodes as child processes: they answer, keep what they should, and never outlive who started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from commons.errors import ChainUnavailable, NotFound
from deltaml import nodejs, nodes
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache

pytestmark = pytest.mark.integration

ADDRESS = "0x" + "11" * 20
Starter = Callable[..., ChainNode]
BOTH = pytest.mark.parametrize("start", [start_ganache, start_anvil])


def rpc(rpc_url: str, method: str, *params: object) -> object:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return requests.post(rpc_url, json=body, timeout=5).json()["result"]


def group_is_gone(pid: int, within_s: float = 8.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@BOTH
def test_a_node_answers_on_loopback_with_the_chain_id_and_no_accounts(start: Starter) -> None:
    with start(chain_id=4242) as node:
        assert node.rpc_url == f"http://127.0.0.1:{node.port}"
        assert rpc(node.rpc_url, "eth_chainId") == hex(4242)
        assert rpc(node.rpc_url, "eth_accounts") == []
    assert group_is_gone(node.process.pid)


@BOTH
def test_funding_sets_a_balance(start: Starter) -> None:
    with start() as node:
        fund(node.rpc_url, ADDRESS, 5 * 10**18)
        assert rpc(node.rpc_url, "eth_getBalance", ADDRESS, "latest") == hex(5 * 10**18)


def test_two_nodes_run_side_by_side() -> None:
    with start_anvil() as first, start_anvil() as second:
        assert first.port != second.port


@BOTH
def test_a_taken_port_is_an_error_with_the_nodes_own_words(start: Starter) -> None:
    with start_anvil() as holder:
        with pytest.raises(ChainUnavailable, match="in use") as failure:
            start(holder.port)
        assert len(failure.value.message) < 5000


def test_ganache_keeps_its_chain_over_a_kill(tmp_path: Path) -> None:
    with start_ganache(db_path=tmp_path / "chain") as node:
        fund(node.rpc_url, ADDRESS, 7)
        node.kill()
    with start_ganache(node.port, db_path=tmp_path / "chain") as again:
        assert rpc(again.rpc_url, "eth_getBalance", ADDRESS, "latest") == hex(7)


def test_anvil_keeps_its_state_over_a_stop(tmp_path: Path) -> None:
    with start_anvil(state_path=tmp_path / "state.json") as node:
        fund(node.rpc_url, ADDRESS, 7)
    with start_anvil(state_path=tmp_path / "state.json") as again:
        assert rpc(again.rpc_url, "eth_getBalance", ADDRESS, "latest") == hex(7)


@BOTH
def test_a_node_ends_when_its_starter_is_killed(start: Starter) -> None:
    program = (
        f"import json, time; from deltaml.nodes import {start.__name__} as start; node = start();"
        "print(json.dumps([node.process.pid, node.rpc_url]), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, rpc_url = json.loads(starter.stdout.readline())
        assert rpc(rpc_url, "eth_chainId") == hex(1337)
        starter.send_signal(signal.SIGKILL)
    assert group_is_gone(pid)


def test_stopping_twice_does_no_harm() -> None:
    node = start_anvil()
    node.stop()
    node.stop()


def test_a_missing_installation_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nodes, "NODE_MODULES", tmp_path)
    with pytest.raises(NotFound, match="npm ci"):
        start_ganache()
    with pytest.raises(NotFound, match="npm ci"):
        start_anvil()


def test_ganache_runs_on_the_node_that_set_up_installed_where_the_path_has_an_old_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs = {
        "path/node": "#!/bin/sh\necho v18.19.0\n",
        "own/node": '#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 || echo "the own one runs ${1##*/}"\n',
        "modules/.bin/ganache": "#!/usr/bin/env node\n",
    }
    for name, text in programs.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.environ['PATH']}")
    monkeypatch.setattr(nodes, "NODE_MODULES", tmp_path / "modules")
    monkeypatch.setattr(nodejs, "OWN_BIN", tmp_path / "own")
    with pytest.raises(ChainUnavailable, match="the own one runs ganache"):
        start_ganache()
    monkeypatch.setattr(nodejs, "OWN_BIN", tmp_path / "nothing")
    with pytest.raises(NotFound, match=r"v18\.19\.0; run `make setup`"):
        start_ganache()


def test_a_node_that_does_not_come_up_is_reported_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / ".bin" / "ganache"
    silent.parent.mkdir()
    silent.write_text("#!/bin/sh\necho thinking about it\nsleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setattr(nodes, "NODE_MODULES", tmp_path)
    with pytest.raises(ChainUnavailable, match=r"did not answer within 0\.3 s(.|\n)*thinking about it"):
        start_ganache(startup_timeout_s=0.3)


def test_funding_without_a_node_is_a_clear_error() -> None:
    with start_anvil() as node:
        pass
    with pytest.raises(ChainUnavailable, match="no Ethereum node answers"):
        fund(node.rpc_url, ADDRESS, 1)
