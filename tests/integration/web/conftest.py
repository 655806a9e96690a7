"""The three services as processes of their own, without a chain: what strangers can do to them needs none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commons.chain.keystore import LIGHT_ITERATIONS, create_keystore
from tests.doubles.rude_clients import ADMIN_PASSWORD, RunningService

PARTICIPANT = """
import sys
from pathlib import Path
from {package}.config import {config}
from {package}.serve import serve
state_dir, ready_file = map(Path, sys.argv[1:])
options = {{"state_dir": state_dir, "port": 0, "contract_address": "0x" + "c0" * 20,
           "aggregator_url": "http://127.0.0.1:9", "eth_rpc_url": "http://127.0.0.1:9",
           "ui_dir": state_dir / "pages"}}
sys.exit(serve({config}.read(options), ready_file))
"""
AGGREGATOR = """
import sys
from pathlib import Path
from commons.storage.database import create_database
from commons.web.json_logging import configure_logging
from commons.web.server import serve
from federated_aggregator.tables import Base, db
from federated_aggregator.app import create_app
from federated_aggregator.serve import THREADS
from federated_aggregator.wiring import assemble
from tests.doubles.around_aggregator import FakeChain
folder, ready_file = map(Path, sys.argv[1:])

def app():
    database = create_database(f"sqlite:///{folder}/aggregator.sqlite3", db, lazy_sync=True)
    Base.metadata.create_all(database.engine)
    return create_app(assemble(database, FakeChain()), folder / "pages")

configure_logging("aggregator")
sys.exit(serve(app, host="127.0.0.1", port=0, threads=THREADS, ready_file=ready_file))
"""
PROGRAMS = {
    "owner": PARTICIPANT.format(package="data_owner", config="OwnerConfig"),
    "buyer": PARTICIPANT.format(package="model_buyer", config="BuyerConfig"),
    "aggregator": AGGREGATOR,
}


@pytest.fixture(scope="module")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RunningService]]:
    """Start one of the services by its name; the user `admin` has the password `ADMIN_PASSWORD`."""
    running: list[RunningService] = []

    def start(name: str) -> RunningService:
        folder: Path = tmp_path_factory.mktemp(name)
        create_keystore(folder / "keystore.json", "keystore password", iterations=LIGHT_ITERATIONS)
        for face in ("owner", "buyer", "board"):
            page = folder / "pages" / face / "index.html"
            page.parent.mkdir(parents=True)
            page.write_text("<!doctype html><title>A page</title>")
        secrets = {"DELTAML_KEYSTORE_PASSWORD": "keystore password", "DELTAML_ADMIN_PASSWORD": ADMIN_PASSWORD}
        running.append(RunningService(PROGRAMS[name], folder, secrets))
        return running[-1]

    yield start
    for service in running:
        service.stop()
