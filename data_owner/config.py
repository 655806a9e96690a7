"""The data owner's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from commons.chain.settings import ChainSettings, read_chain_settings
from commons.ciphers.paillier import KeyPolicy
from commons.web.configuration import DEFAULT_UI_DIR, ConfigurationReader, Network

DEFAULT_UPLOAD_MIB = 2048


@dataclass(frozen=True)
class OwnerConfig:
    """Read once when the service starts.

    Attributes:
        name: what the aggregator shows for this owner.
        state_dir: the service's own folder: database, uploaded files, password file.
        database_url: SQLAlchemy URL; a SQLite file in `state_dir` by default.
        host, port: where to listen; port 0 finds a free one.
        aggregator_url: the federated aggregator.
        chain: node, contract, and how transactions are sent. The node is asked for terms, roles and pay; best one that this
            owner trusts.
        keystore, keystore_password: the account that signs acceptances and is paid.
        admin_password: of the first user; drawn and written to a file when it is None.
        max_upload_mib: largest data file that can be uploaded.
        data_dirs: folders below which data files are read where they lie; uploaded files are read in any case.
        key_policy: which Paillier keys a job may have.
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
    max_upload_mib: int
    data_dirs: tuple[Path, ...]
    key_policy: KeyPolicy
    public_url: str | None
    explorer_url: str | None
    ui_dir: Path
    trusted_proxies: tuple[Network, ...]

    @property
    def uploads_dir(self) -> Path:
        """Where uploaded files are kept."""
        return self.state_dir / "datasets"

    @classmethod
    def read(cls, options: Mapping[str, object], environment: Mapping[str, str] | None = None) -> OwnerConfig:
        """The configuration from options and environment; raises InvalidInput with all errors together."""
        reader = ConfigurationReader(options, environment)
        state_dir = reader.path("state_dir", Path("var/owner")).absolute()
        password = reader.secret("keystore_password")
        reader.require("keystore_password", password)
        config = cls(
            name=reader.text("name", "data owner"),
            state_dir=state_dir,
            database_url=reader.text("database_url", f"sqlite:///{state_dir}/owner.sqlite3"),
            host=reader.text("host", "127.0.0.1"),
            port=reader.integer("port", 8300, maximum=65535),
            aggregator_url=reader.url("aggregator_url", "http://127.0.0.1:8100"),
            chain=read_chain_settings(reader),
            keystore=reader.path("keystore", state_dir / "keystore.json"),
            keystore_password=password or "",
            admin_password=reader.secret("admin_password"),
            max_upload_mib=reader.integer("max_upload_mib", DEFAULT_UPLOAD_MIB, minimum=1),
            data_dirs=reader.folders("data_dirs"),
            key_policy=KeyPolicy.of(unsafe_small_key=reader.flag("unsafe_small_key")),
            public_url=reader.url("public_url") if reader.optional("public_url") else None,
            explorer_url=reader.url("explorer_url") if reader.optional("explorer_url") else None,
            ui_dir=reader.path("ui_dir", DEFAULT_UI_DIR),
            trusted_proxies=reader.networks("trusted_proxies"),
        )
        reader.finish()
        return config
