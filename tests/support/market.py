"""One market for all tests of a worker that kill nothing: chain, contract, aggregator, buyer and five owners, all as processes.

Who uses it shares it. A test brings datasets whose columns are named as nobody else's, so that owners match its own jobs only;
it expects to see others' jobs and datasets in lists; and it takes back what would keep others from working. Time of the chain may
pass, by seconds. Whoever kills a process, floods a service or needs other settings starts a world of their own (`running_world`)
and is most likely `soak`.

A market takes about eight seconds of processor time to start, and a tenth of a processor while nobody uses it. Therefore
all files below `FOLDERS` go to one worker (`tests.support.distribution`), so that one run of the suite has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from tests.support.rpc import pass_time

if TYPE_CHECKING:
    from deltaml.demo.world import World
    from deltaml.nodes import ChainNode

FOLDERS = ("tests/browser/", "tests/market/")
KEY_BITS = 1024
OWNERS = 5
SETTINGS = {"DELTAML_KEY_BITS": str(KEY_BITS), "DELTAML_POLL_INTERVAL_S": "0.2"}


@dataclass(frozen=True)
class Market:
    """Everything that runs.

    Attributes:
        world: its services, and sessions with them.
        node: its chain.
        folder: holds a folder for each service, with its state.
    """

    world: World
    node: ChainNode
    folder: Path

    def pass_time(self, seconds: int) -> None:
        """Let the chain's clock go on."""
        pass_time(self.node.rpc_url, seconds)

    @contextmanager
    def database(self, name: str) -> Iterator[sqlite3.Connection]:
        """A service's database, for what no request can arrange; committed at the end."""
        (path,) = (self.folder / name).glob("*.sqlite3")
        with closing(sqlite3.connect(path, timeout=30)) as database, database:
            yield database


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """The market of this worker; nobody has added a dataset or posted a job but the tests before."""
    # Imported when needed: most workers never start one.
    from deltaml.demo.options import DemoOptions
    from deltaml.demo.world import running_world
    from deltaml.nodes import start_anvil

    folder = tmp_path_factory.mktemp("market")
    options = DemoOptions(owners=OWNERS, key_bits=KEY_BITS, key_policy=UNSAFE_SMALL_KEYS)
    with start_anvil() as node, running_world(options, folder, node=node, settings=SETTINGS) as world:
        yield Market(world, node, folder)
