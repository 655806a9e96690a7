"""Nobody else on the machine reads a service's files, whatever the umask it was started with."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from commons.chain.keystore import LIGHT_ITERATIONS, create_keystore
from commons.storage.private_folder import claim_folder, private_files
from tests.doubles.bare_database import bare_database


@pytest.fixture(autouse=True)
def nothing_masked() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_folder_and_what_is_made_later_are_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "owner"
    with capture_logs() as logged:
        claim_folder(folder)
    (folder / "later").mkdir()
    (folder / "later" / "rows.csv").write_text("a\n1\n")
    assert [mode(path) for path in (folder, folder / "later", folder / "later" / "rows.csv")] == [0o700, 0o700, 0o600]
    assert logged == []


def test_what_is_open_already_is_narrowed_once_and_said(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    folder = tmp_path / "owner"
    (folder / "datasets").mkdir(parents=True)
    for name in ("owner.sqlite3", "owner.sqlite3-wal", "owner.sqlite3-shm", "datasets/u.csv"):
        (folder / name).write_text("secret")
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o755)
    (folder / "link").symlink_to(outside)
    with capture_logs() as logged:
        claim_folder(folder)
    assert {path.relative_to(folder).as_posix(): mode(path) for path in folder.rglob("*") if not path.is_symlink()} == {
        "datasets": 0o700,
        "datasets/u.csv": 0o600,
        "owner.sqlite3": 0o600,
        "owner.sqlite3-wal": 0o600,
        "owner.sqlite3-shm": 0o600,
        "tool": 0o700,
    }
    assert (mode(folder), mode(outside), mode(tmp_path)) == (0o700, 0o666, stat.S_IMODE(tmp_path.stat().st_mode))
    assert logged == [
        {"event": "state_folder_narrowed", "folder": str(folder), "entries": 7, "log_level": "warning"},
    ]
    with capture_logs() as again:
        claim_folder(folder)
    assert again == []


def test_what_belongs_to_somebody_else_is_named_and_does_not_stop_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "owner"
    theirs.mkdir(0o750)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with capture_logs() as logged:
        claim_folder(theirs)
    assert [(entry["event"], entry["mode"]) for entry in logged] == [("open_to_other_users", "0o750")]


def test_a_block_makes_private_files_and_leaves_the_umask_as_it_was(tmp_path: Path) -> None:
    with private_files():
        (tmp_path / "private").write_text("")
    (tmp_path / "open").write_text("")
    assert (mode(tmp_path / "private"), mode(tmp_path / "open")) == (0o600, 0o666)


def test_a_database_with_all_its_files_is_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "state" / "owner.sqlite3"
    database = bare_database(f"sqlite:///{path}")
    with database.session() as session:
        session.execute(text("CREATE TABLE things (id INTEGER)"))
        files = {file.name: mode(file) for file in path.parent.iterdir()}
    database.dispose()
    assert files == dict.fromkeys(("owner.sqlite3", "owner.sqlite3-wal", "owner.sqlite3-shm"), 0o600)
    assert mode(path.parent) == 0o700


def test_a_keystore_makes_its_folder_private(tmp_path: Path) -> None:
    path = tmp_path / "owner" / "keystore.json"
    create_keystore(path, "password", iterations=LIGHT_ITERATIONS)
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)
