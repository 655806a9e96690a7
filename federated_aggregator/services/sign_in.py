"""Sessions of participants: signing in with an Ethereum account (EIP-4361), and short-lived tokens.

A signed message names the service that it is for, twice: as a domain and as a URI. Somebody else's service that is handed one
must not be able to use it here, so both are compared with what this service knows of itself, never with what a request says.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import delete

from commons.agent.sign_in import nonce_of
from commons.errors import NotAuthenticated
from commons.storage.database import Database
from federated_aggregator.services.job_run import Clock
from federated_aggregator.tables import AccessToken, SignInNonce

if TYPE_CHECKING:
    from siwe import SiweMessage

NONCE_TTL_S = 300
TOKEN_TTL_S = 3600
MAX_MESSAGE_CHARS = 700
"""The parser's time grows with the square of the length: seconds for a few thousand characters."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of a URL, as they are compared."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> Origin:
        """Of a URL; raises ValueError when it has no usable port."""
        parts = urlsplit(url)
        return cls(parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme))


@dataclass(frozen=True)
class Arrival:
    """How a request came in, by the socket's own word.

    Attributes:
        port: that this service listens on.
        peer: address of the other end.
    """

    port: int
    peer: str


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
        public_url: the URL under which participants reach this service, whose scheme, host and port sign-ins must be for;
            None takes loopback names of this machine, with the own port, from this machine.
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

    def sign_in(self, message: str, signature: str, arrival: Arrival) -> Session:
        """Check a signed EIP-4361 message and open a session.

        Args:
            message: the text that was signed.
            signature: 0x-prefixed.
            arrival: how it came.

        Raises:
            NotAuthenticated: for any defect of message, signature, nonce, domain, URI or chain.
        """
        now = self.clock()
        if len(message) > MAX_MESSAGE_CHARS:
            raise NotAuthenticated(f"message: longer than {MAX_MESSAGE_CHARS} characters", field="message")
        self._require_nonce(message, now)
        parsed = _parse(message)
        if parsed.chain_id != self.chain_id:
            raise NotAuthenticated(
                f"message: signed for chain {parsed.chain_id}, this aggregator works on chain {self.chain_id}",
                field="message",
            )
        self._require_own(parsed, arrival)
        self._use_nonce(parsed.nonce, now)
        try:
            parsed.verify(
                signature, domain=parsed.domain, nonce=parsed.nonce, timestamp=datetime.fromtimestamp(now, UTC)
            )
        except Exception as error:
            raise NotAuthenticated(
                "signature: not the account's signature of this message, or the message is not valid now",
                field="signature",
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

    def _require_own(self, parsed: SiweMessage, arrival: Arrival) -> None:
        """Raise NotAuthenticated unless domain and URI of a message are this service's."""
        if self.public_url is None and not _is_loopback(arrival.peer):
            raise NotAuthenticated(
                "this aggregator takes sign-ins from its own machine only; its operator can set DELTAML_PUBLIC_URL"
            )
        own = {Origin("http", host, arrival.port) for host in _LOOPBACK}
        if self.public_url is not None:
            own = {Origin.of(self.public_url)}
        uri, scheme = str(parsed.uri), urlsplit(str(parsed.uri)).scheme
        try:
            named = {Origin.of(uri), Origin.of(f"{parsed.scheme or scheme}://{parsed.domain}")}
        except ValueError:
            named = set()
        if len(named) != 1 or not named <= own or "@" in parsed.domain:
            expected = self.public_url or f"http://127.0.0.1:{arrival.port}"
            raise NotAuthenticated(
                f"message: its domain and its URI must be those of {expected}; sign in under that URL, or have the "
                "operator set DELTAML_PUBLIC_URL",
                field="message",
            )

    def _require_nonce(self, message: str, now: float) -> None:
        """Refuse what cannot be answered with a session before it is parsed, which takes long for what strangers make up."""
        nonce = nonce_of(message)
        if nonce is None:
            raise NotAuthenticated("message: not a sign-in message in the form of EIP-4361", field="message")
        with self.database.snapshot() as session:
            row = session.get(SignInNonce, nonce)
            if row is None or row.expires_at < now:
                raise _unusable_nonce()

    def _use_nonce(self, nonce: str, now: float) -> None:
        with self.database.session() as session:
            row = session.get(SignInNonce, nonce)
            if row is None or row.expires_at < now:
                raise _unusable_nonce()
            session.delete(row)

    def _open(self, address: str, now: float) -> Session:
        token = secrets.token_urlsafe(32)
        with self.database.session() as session:
            session.execute(delete(AccessToken).where(AccessToken.expires_at < now))
            session.add(AccessToken(token_sha256=_digest(token), address=address, expires_at=now + TOKEN_TTL_S))
        return Session(token, now + TOKEN_TTL_S, address)


def _parse(message: str) -> SiweMessage:
    from siwe import SiweMessage  # noqa: PLC0415 - imports web3

    try:
        return SiweMessage.from_message(message)
    except Exception as error:
        raise NotAuthenticated("message: not a sign-in message in the form of EIP-4361", field="message") from error


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def _unusable_nonce() -> NotAuthenticated:
    return NotAuthenticated("message: its nonce is unknown, used or too old; ask for another", field="nonce")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
