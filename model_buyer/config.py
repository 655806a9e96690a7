"""The model buyer's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from commons.agent.http_service import checked_service_url
from commons.chain.settings import ChainSettings, read_chain_settings
from commons.ciphers.paillier import DEFAULT_KEY_BITS, KeyPolicy
from commons.errors import InvalidInput
from commons.web.configuration import DEFAULT_UI_DIR, ConfigurationReader, Network
from model_buyer.domain.job_request import MAX_KEY_BITS, checked_key_bits
from model_buyer.services.key_vault import STANDARD_COST

DEFAULT_STATE_DIR = Path("var/buyer")
DEFAULT_PORT = 8200
DEFAULT_POLL_INTERVAL_S = 0.5


@dataclass(frozen=True)
class BuyerConfig:
    """Read once when the service starts.

    Attributes:
        name: what the aggregator shows for this buyer.
        state_dir: the service's own folder.
        database_url: SQLAlchemy URL; a SQLite file in `state_dir` by default.
        host, port: where to listen; port 0 finds a free one.
        aggregator_url: the aggregator.
        chain: node, contract, and how transactions are sent.
        keystore, keystore_password: the account that pays; its password also seals the stored Paillier keys.
        admin_password: of the user `admin` at the first start; drawn and written to a file when None.
        key_bits: size of a job's Paillier key unless the job asks for another.
        key_policy: which sizes of Paillier keys are allowed.
        vault_cost: scrypt's n for the stored Paillier keys, used when the first one is stored.
        poll_interval_s: seconds between two looks at chain and outbox.
        public_url: the URL under which browsers reach this service; None takes addresses and localhost only.
        explorer_url: a block explorer, for links to transactions.
        ui_dir: where the built pages are, in a folder for each service.
        trusted_proxies: whose `X-Forwarded-For` says who the client is.
    """

    name: str
    state_dir: Path
    database_url: str = field(repr=False)
    host: str
    port: int
    aggregator_url: str
    chain: ChainSettings
    keystore: Path
    keystore_password: str = field(repr=False)
    admin_password: str | None = field(repr=False)
    key_bits: int
    key_policy: KeyPolicy
    vault_cost: int
    poll_interval_s: float
    public_url: str | None
    explorer_url: str | None
    ui_dir: Path
    trusted_proxies: tuple[Network, ...]

    @classmethod
    def read(cls, options: Mapping[str, object], environment: Mapping[str, str] | None = None) -> BuyerConfig:
        """The configuration from options and environment; raises InvalidInput with all errors together."""
        reader = ConfigurationReader(options, environment)
        state_dir = reader.path("state_dir", DEFAULT_STATE_DIR).absolute()
        password = reader.secret("keystore_password")
        reader.require("keystore_password", password)
        config = cls(
            name=reader.text("name", "model buyer"),
            state_dir=state_dir,
            database_url=reader.text("database_url", f"sqlite:///{state_dir}/buyer.sqlite3"),
            host=reader.text("host", "127.0.0.1"),
            port=reader.integer("port", DEFAULT_PORT, maximum=65535),
            aggregator_url=reader.url("aggregator_url", "http://127.0.0.1:8100"),
            chain=read_chain_settings(reader),
            keystore=reader.path("keystore", state_dir / "keystore.json"),
            keystore_password=password or "",
            admin_password=reader.secret("admin_password"),
            key_bits=reader.integer("key_bits", DEFAULT_KEY_BITS, maximum=MAX_KEY_BITS),
            key_policy=KeyPolicy.of(unsafe_small_key=reader.flag("unsafe_small_key")),
            vault_cost=reader.integer("vault_cost", STANDARD_COST, minimum=2**10, maximum=2**22),
            poll_interval_s=reader.number("poll_interval_s", DEFAULT_POLL_INTERVAL_S),
            public_url=reader.url("public_url") if reader.optional("public_url") else None,
            explorer_url=reader.url("explorer_url") if reader.optional("explorer_url") else None,
            ui_dir=reader.path("ui_dir", DEFAULT_UI_DIR),
            trusted_proxies=reader.networks("trusted_proxies"),
        )
        reader.finish()
        config._check()
        return config

    def _check(self) -> None:
        problems = []
        checks = (
            lambda: checked_service_url(self.aggregator_url, field="aggregator_url"),
            lambda: checked_key_bits(None, default=self.key_bits, policy=self.key_policy),
        )
        for check in checks:
            try:
                check()
            except InvalidInput as error:
                problems.append(error.message)
        if problems:
            raise InvalidInput("configuration: " + "; ".join(problems), errors=problems)
