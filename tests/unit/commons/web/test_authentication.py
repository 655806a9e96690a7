"""Users, sessions and the slowing down of guesses."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import MetaData, select

from commons.errors import InvalidInput, NotAuthenticated, TooManyRequests
from commons.storage.database import Database, create_database
from commons.web.authentication import (
    FAILURE_WINDOW_S,
    MAX_FAILURES,
    SESSION_LIFETIME_S,
    Authenticator,
)
from commons.web.authentication_tables import AuthenticationTables, authentication_tables

PASSWORD = "correct horse"


@dataclass
class Service:
    database: Database
    tables: AuthenticationTables
    state_dir: Path
    now: float = 1000.0
    authenticator: Authenticator = field(init=False)

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(
            self.database, self.tables, clock=lambda: self.now, hasher=PasswordHasher(time_cost=1, memory_cost=64)
        )


@pytest.fixture
def empty(tmp_path: Path) -> Service:
    metadata = MetaData()
    tables = authentication_tables(metadata)
    database = create_database(f"sqlite:///{tmp_path}/test.sqlite3")
    with database.session() as session:
        metadata.create_all(session.connection())
    return Service(database, tables, tmp_path)


@pytest.fixture
def service(empty: Service) -> Service:
    empty.authenticator.ensure_admin(PASSWORD, empty.state_dir)
    return empty


def fail(service: Service, user: str = "admin") -> None:
    with pytest.raises(NotAuthenticated, match="wrong user name or password"):
        service.authenticator.sign_in(user, "wrong")


def test_the_right_password_opens_a_session_until_it_expires(service: Service) -> None:
    signed_in = service.authenticator.sign_in("admin", PASSWORD)
    assert signed_in.expires_at == service.now + SESSION_LIFETIME_S
    assert service.authenticator.session_of(signed_in.token).user == "admin"
    service.now += SESSION_LIFETIME_S
    with pytest.raises(NotAuthenticated, match="expired"):
        service.authenticator.session_of(signed_in.token)


def test_sessions_are_independent_and_end_when_signed_out(service: Service) -> None:
    first, second = (service.authenticator.sign_in("admin", PASSWORD).token for _ in range(2))
    service.authenticator.sign_out(first)
    assert service.authenticator.session_of(second).user == "admin"
    with pytest.raises(NotAuthenticated):
        service.authenticator.session_of(first)


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(service: Service) -> None:
    fail(service, "admin")
    fail(service, "nobody")


def test_after_too_many_failures_even_the_right_password_waits(service: Service) -> None:
    for _ in range(MAX_FAILURES):
        fail(service)
        service.now += 10
    with pytest.raises(TooManyRequests, match="too many") as caught:
        service.authenticator.sign_in("admin", PASSWORD)
    retry_after_s = caught.value.fields["retry_after_s"]
    assert retry_after_s == FAILURE_WINDOW_S - 10 * MAX_FAILURES
    service.now += retry_after_s
    assert service.authenticator.sign_in("admin", PASSWORD).token


def test_failures_of_one_user_do_not_lock_another_out(service: Service) -> None:
    for _ in range(MAX_FAILURES):
        fail(service, "nobody")
    assert service.authenticator.sign_in("admin", PASSWORD).token


def test_a_success_forgets_earlier_failures(service: Service) -> None:
    for _ in range(2):
        for _ in range(MAX_FAILURES - 1):
            fail(service)
        assert service.authenticator.sign_in("admin", PASSWORD).token


def test_the_database_holds_neither_passwords_nor_tokens(service: Service) -> None:
    token = service.authenticator.sign_in("admin", PASSWORD).token
    service.database.dispose()
    stored = b"".join(path.read_bytes() for path in service.state_dir.glob("test.sqlite3*"))
    assert PASSWORD.encode() not in stored
    assert token.encode() not in stored
    assert b"$argon2id$" in stored


def test_without_a_password_one_is_drawn_into_a_file_that_only_the_owner_reads(empty: Service) -> None:
    path = empty.authenticator.ensure_admin(None, empty.state_dir)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    drawn = path.read_text().strip()
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", drawn)
    assert empty.authenticator.sign_in("admin", drawn).token


def test_a_second_start_changes_neither_user_nor_file(empty: Service) -> None:
    path = empty.authenticator.ensure_admin(None, empty.state_dir)
    assert path is not None
    before = path.read_text()
    assert empty.authenticator.ensure_admin(None, empty.state_dir) is None
    assert empty.authenticator.ensure_admin("another password", empty.state_dir) is None
    assert path.read_text() == before
    assert empty.authenticator.sign_in("admin", before.strip()).token


def test_a_short_password_is_refused(empty: Service) -> None:
    with pytest.raises(InvalidInput, match="at least 8 characters"):
        empty.authenticator.ensure_admin("short", empty.state_dir)
    with empty.database.snapshot() as session:
        assert session.execute(select(empty.tables.users)).all() == []
