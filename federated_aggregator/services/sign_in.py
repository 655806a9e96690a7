"""Sessions of participants: signing in with an Ethereum account (EIP-4361), and short-lived tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import delete

from commons.errors import NotAuthenticated
from commons.storage.database import Database
from federated_aggregator.adapters.tables import AccessToken, SignInNonce
from federated_aggregator.services.job_run import Clock

NONCE_TTL_S = 300
TOKEN_TTL_S = 3600
MAX_MESSAGE_CHARS = 700
"""The parser's time grows with the square of the length: seconds for a few thousand characters."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Session:
    """A fresh session; the token is shown once and only its hash is kept."""

    token: str
    expires_at: float
    address: str


@dataclass(frozen=True)
class SignIn:
    """Gives out nonces and tokens.

    Attributes:
        database: the aggregator's database.
        chain_id: sessions are bound to it.
        clock: time in Unix seconds.
        public_url: the URL under which participants reach this service; sign-ins must be for its host and port.
    """

    database: Database
    chain_id: int
    clock: Clock
    public_url: str | None = None

    def nonce(self) -> str:
        """A nonce for one sign-in within five minutes."""
        value, now = secrets.token_hex(16), self.clock()
        with self.database.session() as session:
            session.execute(delete(SignInNonce).where(SignInNonce.expires_at < now))
            session.add(SignInNonce(nonce=value, expires_at=now + NONCE_TTL_S))
        return value

    def domain(self, asked_host: str) -> str:
        """Host and port that sign-ins must be for.

        The address that a client says it asked proves nothing (somebody in between would forward it), so beyond this
        machine it must be configured.

        Args:
            asked_host: host and port of the request.

        Raises:
            NotAuthenticated: asked from beyond this machine while no public URL is configured.
        """
        if self.public_url is not None:
            return urlsplit(self.public_url).netloc
        if urlsplit(f"//{asked_host}").hostname in _LOOPBACK:
            return asked_host
        raise NotAuthenticated(
            "this aggregator takes sign-ins from its own machine only; its operator can set DELTAML_PUBLIC_URL"
        )

    def sign_in(self, message: str, signature: str, *, domain: str) -> Session:
        """Check a signed EIP-4361 message and open a session.

        Args:
            message: the text that was signed.
            signature: 0x-prefixed.
            domain: host and port that the message must be for.

        Raises:
            NotAuthenticated: for any defect of message, signature, nonce, domain or chain.
        """
        from siwe import SiweMessage  # noqa: PLC0415 - imports web3

        now = self.clock()
        if len(message) > MAX_MESSAGE_CHARS:
            raise NotAuthenticated(f"message: longer than {MAX_MESSAGE_CHARS} characters", field="message")
        try:
            parsed = SiweMessage.from_message(message)
        except Exception as error:
            raise NotAuthenticated("message: not a sign-in message in the form of EIP-4361", field="message") from error
        if parsed.chain_id != self.chain_id:
            raise NotAuthenticated(
                f"message: signed for chain {parsed.chain_id}, this aggregator works on chain {self.chain_id}",
                field="message",
            )
        self._use_nonce(parsed.nonce, now)
        try:
            parsed.verify(signature, domain=domain, nonce=parsed.nonce, timestamp=datetime.fromtimestamp(now, UTC))
        except Exception as error:
            raise NotAuthenticated(
                f"signature: not the account's signature of a sign-in message for {domain}", field="signature"
            ) from error
        return self._open(str(parsed.address), now)

    def address_of(self, token: str) -> str:
        """Whose session a token is.

        Raises:
            NotAuthenticated: the token is unknown or has run out.
        """
        with self.database.snapshot() as session:
            row = session.get(AccessToken, _digest(token))
            if row is None or row.expires_at < self.clock():
                raise NotAuthenticated("sign in first: the session is unknown or has run out")
            return row.address

    def _use_nonce(self, nonce: str, now: float) -> None:
        with self.database.session() as session:
            row = session.get(SignInNonce, nonce)
            if row is None or row.expires_at < now:
                raise NotAuthenticated("message: its nonce is unknown, used or too old; ask for another", field="nonce")
            session.delete(row)

    def _open(self, address: str, now: float) -> Session:
        token = secrets.token_urlsafe(32)
        with self.database.session() as session:
            session.execute(delete(AccessToken).where(AccessToken.expires_at < now))
            session.add(AccessToken(token_sha256=_digest(token), address=address, expires_at=now + TOKEN_TTL_S))
        return Session(token, now + TOKEN_TTL_S, address)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
