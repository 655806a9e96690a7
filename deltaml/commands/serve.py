"""`deltaml aggregator serve`, `deltaml buyer serve`, `deltaml owner serve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_NODE = "http://127.0.0.1:8545"


def setting(name: str, description: str, default: str | None = None) -> Callable[[Command], Command]:
    """Add `--name`, whose value may also come from DELTAML_NAME; the service's own configuration checks it."""
    note = f"env: DELTAML_{name.upper()}" + (f"; default: {default}" if default is not None else "; required")
    return click.option(f"--{name.replace('_', '-')}", name, help=f"{description}  [{note}]")


def common_settings(*, state_dir: str, database: str, port: int) -> Callable[[Command], Command]:
    """Add the settings that all services have."""
    settings = (
        setting("state_dir", "The service's own folder.", state_dir),
        setting("database_url", "SQLAlchemy URL of the database.", f"{database} in the state dir"),
        setting("host", "Address to listen on.", "127.0.0.1"),
        setting("port", "Port to listen on; 0 finds a free one.", str(port)),
        setting("eth_rpc_url", "URL of the Ethereum node.", _NODE),
        setting("contract_address", "Address of the marketplace contract.", "taken from contract_addresses_file"),
        setting("contract_addresses_file", "JSON file with the contract's address on each chain.", "none"),
        setting("contract_from_block", "Block of the contract's deployment, or an earlier one.", "0"),
        setting("chain_id", "Chain that the node must serve.", "whichever it serves"),
        setting("confirmations", "Blocks until what happened on chain counts.", "1"),
        setting("max_fee_gwei", "The most offered for a unit of gas, in gwei.", "500"),
        setting("keystore", "Keystore file of the service's account.", "keystore.json in the state dir"),
        setting("keystore_password_file", "File with the keystore's password.", "DELTAML_KEYSTORE_PASSWORD is taken"),
        click.option(
            "--unsafe-small-key",
            is_flag=True,
            help="Take Paillier keys that can be broken. For tests only.  [env: DELTAML_UNSAFE_SMALL_KEY]",
        ),
        click.option(
            "--ready-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help='Gets {"url": …, "pid": …} as one line once requests are accepted.',
        ),
    )

    def decorate(command: Command) -> Command:
        for add in reversed(settings):
            command = add(command)
        return command

    return decorate


def private_settings() -> Callable[[Command], Command]:
    """Add the settings of services that have users and follow one aggregator."""
    settings = (
        setting("name", "What the aggregator shows for this participant.", "the kind of service"),
        setting("aggregator_url", "URL of the aggregator.", "http://127.0.0.1:8100"),
        setting(
            "admin_password_file", "File with the first password of user admin.", "drawn and written to the state dir"
        ),
    )

    def decorate(command: Command) -> Command:
        for add in reversed(settings):
            command = add(command)
        return command

    return decorate


@click.group()
def aggregator() -> None:
    """The federated aggregator: recruits owners, schedules rounds, settles.

    Example: deltaml aggregator serve --contract-address 0x…
    """


@aggregator.command("serve")
@common_settings(state_dir="var/aggregator", database="aggregator.sqlite3", port=8100)
@setting("chain_wait_s", "Seconds to wait for the chain at start.", "600")
def serve_aggregator(ready_file: Path | None, **options: object) -> int:
    """Serve until Ctrl-C.

    Example: deltaml aggregator serve --state-dir var/aggregator --contract-address 0x…
    """
    from federated_aggregator.config import AggregatorConfig  # noqa: PLC0415 - heavy, and only needed here
    from federated_aggregator.serve import serve  # noqa: PLC0415

    return serve(AggregatorConfig.read(options), ready_file)


@click.group()
def buyer() -> None:
    """The model buyer: posts jobs, holds their keys, receives the models.

    Example: deltaml buyer serve --contract-address 0x…
    """


@buyer.command("serve")
@common_settings(state_dir="var/buyer", database="buyer.sqlite3", port=8200)
@private_settings()
@setting("key_bits", "Size of a job's Paillier key unless the job asks for another.", "3072")
@setting("vault_cost", "scrypt's cost n for the stored Paillier keys.", "131072")
@setting("poll_interval_s", "Seconds between two looks at chain and outbox.", "0.5")
def serve_buyer(ready_file: Path | None, **options: object) -> int:
    """Serve until Ctrl-C.

    Example: deltaml buyer serve --contract-address 0x…
    """
    from model_buyer.config import BuyerConfig  # noqa: PLC0415 - heavy, and only needed here
    from model_buyer.serve import serve  # noqa: PLC0415

    return serve(BuyerConfig.read(options), ready_file)


@click.group()
def owner() -> None:
    """The data owner: holds rows, answers training and validation tasks.

    Example: deltaml owner serve --contract-address 0x…
    """


@owner.command("serve")
@common_settings(state_dir="var/owner", database="owner.sqlite3", port=8300)
@private_settings()
@setting("data_dirs", "Folders below which data files are read where they lie, separated as in PATH.", "none")
@setting("max_upload_mib", "Largest data file that can be uploaded, in MiB.", "2048")
def serve_owner(ready_file: Path | None, **options: object) -> int:
    """Serve until Ctrl-C.

    Example: deltaml owner serve --contract-address 0x…
    """
    from data_owner.config import OwnerConfig  # noqa: PLC0415 - heavy, and only needed here
    from data_owner.serve import serve  # noqa: PLC0415

    return serve(OwnerConfig.read(options), ready_file)
