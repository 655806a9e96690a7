"""A data owner's database on PostgreSQL: migrations by several processes at once, users, datasets, units of work."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from commons.errors import NotAuthenticated
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate, schema_differences
from commons.web.authentication import Authenticator
from data_owner.adapters.data_files import open_data_file
from data_owner.adapters.tables import AUTHENTICATION, Base, KnownJob
from data_owner.services.datasets import DatasetDetails, Datasets, profile_of
from data_owner.wiring import MIGRATIONS

pytestmark = pytest.mark.integration


def _binaries() -> Path:
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if candidates:
        return candidates[0]
    if os.environ.get("CI"):
        pytest.fail("PostgreSQL is not installed, and on CI nothing is skipped")
    pytest.skip("PostgreSQL is not installed")


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    binaries = _binaries()
    # PostgreSQL refuses to run as root, and a unix socket's path must be short.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        data = f"{folder}/data"
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

        def run(*command: str) -> None:
            subprocess.run([*user, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

        run(f"{binaries}/initdb", "-D", data, "-A", "trust", "-U", "deltaml", "-E", "UTF8")
        run(f"{binaries}/pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql://deltaml@127.0.0.1:{port}/postgres"
        finally:
            run(f"{binaries}/pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_processes_that_start_at_once_make_one_schema_and_one_user(server_url: str, tmp_path: Path) -> None:
    database = create_database(server_url)
    children = [_prepare_in_child(database, tmp_path) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert schema_differences(database, Base.metadata) == []
    authenticator = Authenticator(database, AUTHENTICATION)
    password = (tmp_path / "admin-password").read_text().strip()
    token = authenticator.sign_in("admin", password).token
    assert authenticator.session_of(token).user == "admin"
    authenticator.sign_out(token)
    with pytest.raises(NotAuthenticated):
        authenticator.session_of(token)
    database.dispose()


def test_datasets_and_units_of_work(server_url: str, tmp_path: Path) -> None:
    database = create_database(server_url)
    migrate(database, MIGRATIONS)
    rows = tmp_path / "rows.csv"
    rows.write_text("a,y\n1,2.5\n3,4.5\n")
    datasets = Datasets(database, tmp_path, open_data_file, lambda: 1.0)
    added = datasets.add(rows, DatasetDetails(tags=("t",)))
    assert profile_of(datasets.get(added.id)) == profile_of(added)
    datasets.remove(added.id)
    assert datasets.list() == []
    with pytest.raises(RuntimeError):
        _write_and_raise(database)
    with database.snapshot() as session:
        assert session.scalars(select(KnownJob)).all() == []
    database.dispose()


def _prepare_in_child(database: Database, state_dir: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            migrate(database, MIGRATIONS)
            Authenticator(database, AUTHENTICATION).ensure_admin(None, state_dir)
            code = 0
        finally:
            os._exit(code)
    return child


def _write_and_raise(database: Database) -> None:
    with database.session() as session:
        session.add(KnownJob(job_id=2**40, view={}))
        session.flush()
        raise RuntimeError
