"""The aggregator's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from commons.chain.settings import ChainSettings, read_chain_settings
from commons.ciphers.paillier import KeyPolicy
from commons.web.configuration import DEFAULT_UI_DIR, ConfigurationReader, Network


@dataclass(frozen=True)
class AggregatorConfig:
    """Read once when the service starts.

    Attributes:
        state_dir: the service's own folder.
        database_url: SQLAlchemy URL; a SQLite file in `state_dir` by default.
        host, port: where to listen; port 0 finds a free one.
        public_url: the URL that participants use; sign-ins are bound to it. None takes loopback addresses only.
        chain: node, contract, and how transactions are sent.
        keystore, keystore_password: the account that runs jobs and is paid for it.
        chain_wait_s: how long to wait for the chain at start.
        key_policy: which Paillier keys are taken.
        explorer_url: a block explorer, for links to transactions.
        ui_dir: where the built pages are, in a folder for each service.
        trusted_proxies: whose `X-Forwarded-For` says who the client is.
    """

    state_dir: Path
    database_url: str = field(repr=False)
    host: str
    port: int
    public_url: str | None
    chain: ChainSettings
    keystore: Path
    keystore_password: str = field(repr=False)
    chain_wait_s: float
    key_policy: KeyPolicy
    explorer_url: str | None
    ui_dir: Path
    trusted_proxies: tuple[Network, ...]

    @classmethod
    def read(cls, options: Mapping[str, object], environment: Mapping[str, str] | None = None) -> AggregatorConfig:
        """The configuration from options and environment; raises InvalidInput with all errors together."""
        reader = ConfigurationReader(options, environment)
        state_dir = reader.path("state_dir", Path("var/aggregator")).absolute()
        password = reader.secret("keystore_password")
        reader.require("keystore_password", password)
        config = cls(
            state_dir=state_dir,
            database_url=reader.text("database_url", f"sqlite:///{state_dir}/aggregator.sqlite3"),
            host=reader.text("host", "127.0.0.1"),
            port=reader.integer("port", 8100, maximum=65535),
            public_url=reader.url("public_url") if reader.optional("public_url") else None,
            chain=read_chain_settings(reader),
            keystore=reader.path("keystore", state_dir / "keystore.json"),
            keystore_password=password or "",
            chain_wait_s=reader.number("chain_wait_s", 600.0),
            key_policy=KeyPolicy.of(unsafe_small_key=reader.flag("unsafe_small_key")),
            explorer_url=reader.url("explorer_url") if reader.optional("explorer_url") else None,
            ui_dir=reader.path("ui_dir", DEFAULT_UI_DIR),
            trusted_proxies=reader.networks("trusted_proxies"),
        )
        reader.finish()
        return config
