"""Ethereum nodes for one machine: Ganache (the default) or Anvil, as child processes bound to 127.0.0.1.

Both mine a block for each transaction and start without accounts: balances are set over RPC (`fund`), so no private key
ever stands on a command line. A node ends with the process that started it, even if that one is killed.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import requests

from commons.errors import ChainUnavailable, NotFound
from deltaml import nodejs, tether

NODE_MODULES: Final = Path(__file__).resolve().parent.parent / "contracts" / "node_modules"
DEFAULT_CHAIN_ID: Final = 1337
_HOST: Final = "127.0.0.1"
_STOP_TIMEOUT_S: Final = 10.0
_FUNDING_TIMEOUT_S: Final = 10.0
_PORT_ATTEMPTS: Final = 5


@dataclass
class ChainNode:
    """A running node; use it as a context manager, or call `stop`."""

    rpc_url: str
    port: int
    chain_id: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def stop(self) -> None:
        """Stop the node in order (it writes its database or state), after ten seconds by force."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
        self._release()

    def kill(self) -> None:
        """Kill the node at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._release()

    def last_output(self, lines: int = 20) -> str:
        """Return the last lines that the node wrote, long ones cut."""
        self.log.seek(0)
        text = self.log.read().decode(errors="replace")
        return "\n".join(line[:200] for line in text.splitlines()[-lines:] if line.strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        # Once its output is closed the node has ended, and its number may be another process's.
        if not self.log.closed:
            # The node and its tether are a process group of their own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _release(self) -> None:
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.log.close()


def start_ganache(
    port: int | None = None,
    *,
    chain_id: int = DEFAULT_CHAIN_ID,
    db_path: Path | None = None,
    startup_timeout_s: float = 30.0,
) -> ChainNode:
    """Start Ganache and return once it answers.

    Args:
        port: the port to use; by default a free one is found.
        db_path: directory of the chain's database, kept over restarts; by default the chain lives in memory.

    Raises:
        NotFound: Ganache or Node is not installed.
        ChainUnavailable: it does not come up; with the node's last output.
    """
    options = ["--chain.chainId", str(chain_id), "--chain.networkId", str(chain_id), "--wallet.totalAccounts", "0"]
    # By default Ganache answers a transaction only once it is mined: for ever, when an earlier nonce is missing.
    options += ["--miner.instamine", "strict"]
    if db_path is not None:
        options += ["--database.dbPath", str(db_path)]

    def command(port: int) -> list[str]:
        return [str(_ganache()), "--server.host", _HOST, "--server.port", str(port), *options]

    return _start("Ganache", command, port, chain_id, startup_timeout_s)


def start_anvil(
    port: int | None = None,
    *,
    chain_id: int = DEFAULT_CHAIN_ID,
    state_path: Path | None = None,
    startup_timeout_s: float = 30.0,
) -> ChainNode:
    """Start Anvil and return once it answers.

    Args:
        port: the port to use; by default a free one is found.
        state_path: file of the chain's state, written every two seconds and at the end; by default nothing is kept.

    Raises:
        NotFound: Anvil is not installed.
        ChainUnavailable: as in `start_ganache`.
    """
    options = ["--chain-id", str(chain_id), "--accounts", "0"]
    if state_path is not None:
        options += ["--state", str(state_path), "--state-interval", "2"]

    def command(port: int) -> list[str]:
        return [str(_anvil()), "--host", _HOST, "--port", str(port), *options]

    return _start("Anvil", command, port, chain_id, startup_timeout_s)


def fund(rpc_url: str, address: str, amount_wei: int) -> None:
    """Set the balance of `address` on a Ganache or Anvil node to `amount_wei`, and return once it is there.

    Raises `ChainUnavailable` when the node does not answer or is of another kind, which has no such call.
    """
    former_wei = _balance_wei(rpc_url, address)
    for method in ("evm_setAccountBalance", "anvil_setBalance"):
        answer = _rpc(rpc_url, method, [address, hex(amount_wei)])
        if "error" not in answer:
            break
    else:
        raise ChainUnavailable(
            f"the node cannot set balances ({answer['error'].get('message')}); fund {address} with a transaction instead"
        )
    # Ganache answers before it mines the block that changes the balance.
    deadline = time.monotonic() + _FUNDING_TIMEOUT_S
    while former_wei != amount_wei and _balance_wei(rpc_url, address) == former_wei:
        if time.monotonic() > deadline:
            raise ChainUnavailable(f"the node did not set the balance of {address} within {_FUNDING_TIMEOUT_S:g} s")
        time.sleep(0.01)


def _start(
    name: str, command: Callable[[int], list[str]], port: int | None, chain_id: int, startup_timeout_s: float
) -> ChainNode:
    attempts = 1 if port is not None else _PORT_ATTEMPTS
    while True:
        attempts -= 1
        node = _launch(command, port or _free_port(), chain_id)
        try:
            _wait_until_ready(name, node, startup_timeout_s)
        except BaseException as error:
            taken = isinstance(error, ChainUnavailable) and "in use" in node.last_output()
            node.kill()
            # Between finding a free port and listening on it, somebody else may have taken it.
            if taken and attempts > 0:
                continue
            raise
        return node


def _launch(command: Callable[[int], list[str]], port: int, chain_id: int) -> ChainNode:
    tethered = [sys.executable, "-I", "-S", tether.__file__, *command(port)]
    environment = _environment()
    log = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the node runs
    process = subprocess.Popen(  # noqa: S603  # built from our own paths and numbers
        tethered,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    return ChainNode(f"http://{_HOST}:{port}", port, chain_id, process, log)


def _wait_until_ready(name: str, node: ChainNode, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    # The node's own word comes first: on a port that somebody else holds, somebody else would answer.
    while f"Listening on {_HOST}:{node.port}" not in node.last_output(500) or not _answers(node):
        if node.process.poll() is not None:
            raise ChainUnavailable(f"{name} ended with code {node.process.returncode}. It said:\n{node.last_output()}")
        if time.monotonic() > deadline:
            raise ChainUnavailable(f"{name} did not answer within {timeout_s:g} s. It said:\n{node.last_output()}")
        time.sleep(0.05)


def _answers(node: ChainNode) -> bool:
    try:
        return int(_rpc(node.rpc_url, "eth_chainId", []).get("result", "0x0"), 16) == node.chain_id
    except ChainUnavailable:
        return False


def _rpc(rpc_url: str, method: str, params: list[Any]) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        answer = requests.post(rpc_url, json=body, timeout=10).json()
    except requests.RequestException as error:
        raise ChainUnavailable(f"no Ethereum node answers {method}: {type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise ChainUnavailable(f"what answers {method} is not an Ethereum node")
    return answer


def _balance_wei(rpc_url: str, address: str) -> int:
    return int(_rpc(rpc_url, "eth_getBalance", [address, "latest"]).get("result", "0x0"), 16)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _ganache() -> Path:
    return _installed(NODE_MODULES / ".bin" / "ganache")


def _environment() -> dict[str, str]:
    try:
        return nodejs.environment()
    except nodejs.NodeMissingError as error:
        raise NotFound(str(error)) from error


def _anvil() -> Path:
    # The package's own launcher is a Node process around this binary.
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"anvil-{platform.system().lower()}-{machine}"
    return _installed(NODE_MODULES / "@foundry-rs" / package / "bin" / "anvil")


def _installed(binary: Path) -> Path:
    if not binary.exists():
        raise NotFound(f"{binary} is missing; run `make setup` (or `npm ci` in contracts/)", path=str(binary))
    return binary
