"""Local users of one service: passwords, sessions, and the guard that keeps everybody else out.

A user signs in with name and password and gets a random token, which every other request carries, a program's as
`Authorization: Bearer …`, a browser's as a cookie (`commons.web.session_api`). Guessing is slowed down: after
`MAX_FAILURES` failures within `FAILURE_WINDOW_S` a name is refused, right password or not, until the oldest of them is
that long ago. An attempt counts as a failure from before its password is looked at until it turns out to be right, so that
attempts at the same time are counted too.
"""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.errors import InvalidInput, NotAuthenticated, TooManyRequests
from commons.storage.database import Database
from commons.web.at_once import AtOnce
from commons.web.authentication_tables import NAME_LENGTH, AuthenticationTables

ADMIN = "admin"
MAX_FAILURES = 5
FAILURE_WINDOW_S = 15 * 60
SESSION_LIFETIME_S = 12 * 3600
MINIMUM_PASSWORD_LENGTH = 8
PASSWORD_FILE = "admin-password"  # noqa: S105 - a file name
HASHES_AT_ONCE = 2
"""Passwords looked at at the same time: each takes a core and 64 MiB for a while, on purpose."""
HASHES_WAITED_FOR = 8
HASH_WAIT_S = 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """A new session; the token is shown this once."""

    token: str
    expires_at: float


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended: its user, and until when (Unix seconds)."""

    user: str
    expires_at: float


class Authenticator:
    """Checks passwords and tokens against one service's database.

    Args:
        database: of the service.
        tables: as `authentication_tables` added them to its metadata.
        clock: Unix time in seconds.
        hasher: argon2id with the library's recommended cost unless another one is given.
    """

    def __init__(
        self,
        database: Database,
        tables: AuthenticationTables,
        *,
        clock: Callable[[], float] = time.time,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._tables = tables
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._counting = threading.Lock()
        self._hashing = AtOnce(HASHES_AT_ONCE, waiting=HASHES_WAITED_FOR, wait_s=HASH_WAIT_S)

    def ensure_admin(self, password: str | None, state_dir: Path) -> Path | None:
        """Make the user `admin` when there is no user yet.

        Args:
            password: its password; without one a random password is drawn and written, readable by the owner of the
                process only, to `admin-password` in `state_dir`.
            state_dir: the service's directory.

        Returns:
            The file with the drawn password, or None when none was drawn.
        """
        with self._database.snapshot() as session:
            if session.scalar(select(func.count()).select_from(self._tables.users)):
                return None
        drawn = None if password is not None else secrets.token_urlsafe(18)
        path = state_dir / PASSWORD_FILE
        if (
            not self._add_user(ADMIN, password or drawn or "", drawn_to=None if drawn is None else path)
            or drawn is None
        ):
            return None
        log.info("admin_password_written", path=str(path))
        return path

    def sign_in(self, user: str, password: str) -> SignedIn:
        """Start a session.

        Raises:
            NotAuthenticated: unknown name or wrong password, without saying which.
            TooManyRequests: with `retry_after_s`, after too many failures, or while too many sign in.
        """
        user = user[:NAME_LENGTH]
        with self._hashing.turn():
            self._count_attempt(user)
            with self._database.snapshot() as session:
                users = self._tables.users
                stored = session.scalar(select(users.c.password_hash).where(users.c.name == user))
            # Hashing takes long on purpose, so no database transaction is open meanwhile.
            if not self._matches(stored, password):
                raise NotAuthenticated("wrong user name or password")
        signed_in = SignedIn(secrets.token_urlsafe(32), self._clock() + SESSION_LIFETIME_S)
        with self._database.session() as session:
            self._forget_old(session, user)
            session.execute(
                insert(self._tables.sessions).values(
                    token_sha256=_digest(signed_in.token), user_name=user, expires_at=signed_in.expires_at
                )
            )
        return signed_in

    def sign_out(self, token: str) -> None:
        """End the session of `token`; without effect for an unknown one."""
        sessions = self._tables.sessions
        with self._database.session() as session:
            session.execute(delete(sessions).where(sessions.c.token_sha256 == _digest(token)))

    def session_of(self, token: str) -> OpenSession:
        """Return whose session `token` is, and until when.

        Raises:
            NotAuthenticated: unknown or expired token.
        """
        sessions = self._tables.sessions
        query = select(sessions.c.user_name, sessions.c.expires_at).where(
            sessions.c.token_sha256 == _digest(token), sessions.c.expires_at > self._clock()
        )
        with self._database.snapshot() as session:
            found = session.execute(query).one_or_none()
        if found is None:
            raise NotAuthenticated("the session is unknown or has expired; sign in again with POST /v1/session")
        return OpenSession(found.user_name, found.expires_at)

    def _add_user(self, name: str, password: str, *, drawn_to: Path | None) -> bool:
        if len(password) < MINIMUM_PASSWORD_LENGTH:
            raise InvalidInput(
                f"admin_password: expected at least {MINIMUM_PASSWORD_LENGTH} characters", field="admin_password"
            )
        row = {"name": name, "password_hash": self._hasher.hash(password)}
        try:
            with self._database.session() as session:
                session.execute(insert(self._tables.users).values(row))
                # Written before the commit: a crash in between leaves no user whose password nobody knows.
                if drawn_to is not None:
                    _write_private(drawn_to, password)
        except IntegrityError:
            # Another process of the same service, starting at the same time, made it.
            return False
        return True

    def _matches(self, stored: str | None, password: str) -> bool:
        try:
            if stored is None:
                # Takes as long as a wrong password does, so that names cannot be told apart by time.
                self._hasher.hash(password)
                return False
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _count_attempt(self, user: str) -> None:
        """Store an attempt as a failure; raises TooManyRequests when there were too many, without counting this one."""
        failures = self._tables.failures
        since = self._clock() - FAILURE_WINDOW_S
        query = select(failures.c.failed_at).where(failures.c.user_name == user, failures.c.failed_at > since)
        # Not every database keeps two of these transactions apart.
        with self._counting, self._database.session() as session:
            session.execute(delete(failures).where(failures.c.failed_at <= since))
            recent = list(session.scalars(query.order_by(failures.c.failed_at.desc()).limit(MAX_FAILURES)))
            if len(recent) < MAX_FAILURES:
                session.execute(insert(failures).values(user_name=user, failed_at=self._clock()))
                return
        retry_after_s = max(1, math.ceil(recent[-1] - since))
        raise TooManyRequests(
            f"too many failed attempts to sign in as this user; try again in {retry_after_s} seconds",
            retry_after_s=retry_after_s,
        )

    def _forget_old(self, session: Session, user: str) -> None:
        sessions, failures = self._tables.sessions, self._tables.failures
        session.execute(delete(failures).where(failures.c.user_name == user))
        session.execute(delete(sessions).where(sessions.c.expires_at <= self._clock()))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes files of mode 0600; the rename makes it whole or absent.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    Path(temporary).replace(path)
