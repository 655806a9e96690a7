"""Users, sessions and the slowing down of guesses."""

from __future__ import annotations

import re
import stat
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import MetaData, select

from commons.errors import InvalidInput, NotAuthenticated, TooManyRequests
from commons.storage.database import Database
from commons.web import authentication
from commons.web.authentication import (
    FAILURE_WINDOW_S,
    MAX_FAILURES,
    SESSION_LIFETIME_S,
    Authenticator,
)
from commons.web.authentication_tables import AuthenticationTables, authentication_tables
from tests.doubles.at_once import at_once
from tests.doubles.bare_database import bare_database

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
    database = bare_database(f"sqlite:///{tmp_path}/test.sqlite3")
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


def test_of_many_guesses_at_once_no_more_are_looked_at_than_one_after_another(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "HASHES_AT_ONCE", 40)
    many = Authenticator(service.database, service.tables, clock=lambda: service.now, hasher=PasswordHasher())

    def guess() -> str:
        try:
            many.sign_in("admin", "wrong")
        except (NotAuthenticated, TooManyRequests) as refused:
            return refused.code
        return "in"

    answers = Counter(at_once(guess, times=40))
    assert answers == {"not_authenticated": MAX_FAILURES, "too_many_requests": 40 - MAX_FAILURES}


def test_the_right_password_many_times_at_once_is_no_guessing(service: Service) -> None:
    waits: list[int] = []

    def sign_in() -> str:
        while True:
            try:
                return service.authenticator.sign_in("admin", PASSWORD).token
            except TooManyRequests as refused:
                waits.append(refused.fields["retry_after_s"])

    assert len(set(at_once(sign_in))) == 20
    # Of those that were sent away, none because of attempts, for which it would be a quarter of an hour.
    assert set(waits) <= {1}
    fail(service)


def test_few_passwords_are_looked_at_at_the_same_time(service: Service) -> None:
    class Counting:
        now = most = 0
        lock = threading.Lock()

        def verify(self, _stored: str, _password: str) -> bool:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1
            return True

    counting: Any = Counting()
    crowded = Authenticator(service.database, service.tables, clock=lambda: service.now, hasher=counting)

    def sign_in() -> bool:
        try:
            return bool(crowded.sign_in("admin", PASSWORD))
        except TooManyRequests:
            return False

    signed_in = at_once(sign_in).count(True)
    assert signed_in >= authentication.HASHES_AT_ONCE
    assert counting.most == authentication.HASHES_AT_ONCE
