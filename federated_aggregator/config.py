"""The aggregator's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from commons.web.configuration import ConfigurationReader


@dataclass(frozen=True)
class AggregatorConfig:
    """Read once when the service starts.

    Attributes:
        state_dir: the service's own folder.
        database_url: SQLAlchemy URL; a SQLite file in `state_dir` by default.
        host, port: where to listen; port 0 finds a free one.
        public_url: the URL that participants use; sign-ins are bound to it. None takes loopback addresses only.
        eth_rpc_url: the Ethereum node.
        contract_address: the marketplace.
        keystore, keystore_password: the account that runs jobs and is paid for it.
        chain_wait_s: how long to wait for the chain at start.
        unsafe_small_key: takes Paillier keys under the minimum size (tests only).
    """

    state_dir: Path
    database_url: str = field(repr=False)
    host: str
    port: int
    public_url: str | None
    eth_rpc_url: str = field(repr=False)
    contract_address: str
    keystore: Path
    keystore_password: str = field(repr=False)
    chain_wait_s: float
    unsafe_small_key: bool

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
            eth_rpc_url=reader.url("eth_rpc_url", "http://127.0.0.1:8545"),
            contract_address=reader.text("contract_address"),
            keystore=reader.path("keystore", state_dir / "keystore.json"),
            keystore_password=password or "",
            chain_wait_s=reader.number("chain_wait_s", 600.0),
            unsafe_small_key=reader.flag("unsafe_small_key"),
        )
        reader.finish()
        return config
