"""`deltaml account`: keystores."""

from __future__ import annotations

import os
from pathlib import Path

import click

from commons.errors import InvalidInput
from deltaml.output import as_json, print_facts, print_json
from deltaml.service_session import read_json_object
from deltaml.units import format_wei

_PASSWORD = "DELTAML_KEYSTORE_PASSWORD"  # noqa: S105 - the name of a variable


@click.group()
def account() -> None:
    """Ethereum accounts in encrypted keystore files.

    Example: deltaml account new --keystore var/buyer/keystore.json
    """


@account.command("new")
@click.option(
    "--keystore", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write; must not exist."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File with the password.  [default: {_PASSWORD}, else it is asked for]",
)
@as_json
def new(keystore: Path, password_file: Path | None, json_output: bool) -> None:
    """Draw a new account and write it to a keystore file (mode 0600).

    Example: deltaml account new --keystore var/owner/keystore.json
    """
    from commons.chain.keystore import create_keystore  # noqa: PLC0415 - a third of a second that --help need not pay

    address = create_keystore(keystore, read_password(password_file, confirm=True))
    if json_output:
        print_json({"address": address, "keystore": str(keystore)})
    else:
        click.echo(address)


@account.command("show")
@click.option(
    "--keystore", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Keystore file to look into."
)
@click.option("--eth-rpc-url", envvar="DELTAML_ETH_RPC_URL", show_envvar=True, help="Also show the balance there.")
@as_json
def show(keystore: Path, eth_rpc_url: str | None, json_output: bool) -> None:
    """Show the address in a keystore file; needs no password.

    Example: deltaml account show --keystore var/owner/keystore.json
    """
    address = keystore_address(keystore)
    balance_wei = None if eth_rpc_url is None else _balance_wei(eth_rpc_url, address)
    if json_output:
        print_json({"address": address, "balance_wei": None if balance_wei is None else str(balance_wei)})
    else:
        balance = None if balance_wei is None else format_wei(balance_wei)
        print_facts([("address", address), ("balance", balance)])


def keystore_address(keystore: Path) -> str:
    """Return the address that a keystore file names; raises InvalidInput when it names none."""
    from eth_utils.address import is_address, to_checksum_address  # noqa: PLC0415

    document = read_json_object(keystore, what="a keystore (version 3)")
    address = document.get("address")
    if not isinstance(address, str) or not is_address(address):
        raise InvalidInput(f"{keystore}: names no address; expected a keystore (version 3)", field="address")
    return str(to_checksum_address(address))


def read_password(password_file: Path | None, *, confirm: bool = False) -> str:
    """Return a keystore password from a file, the environment, or the keyboard."""
    if password_file is not None:
        try:
            lines = password_file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise InvalidInput(f"{password_file}: cannot be read ({error.strerror})", field="password_file") from error
        if not lines or not lines[0]:
            raise InvalidInput(f"{password_file}: expected the password in the first line", field="password_file")
        return lines[0]
    given = os.environ.get(_PASSWORD)
    return given or str(click.prompt("Keystore password", hide_input=True, confirmation_prompt=confirm, err=True))


def _balance_wei(rpc_url: str, address: str) -> int:
    from commons.chain.connection import ChainConnection  # noqa: PLC0415
    from commons.chain.transactions import balance_wei  # noqa: PLC0415

    return balance_wei(ChainConnection(rpc_url), address)
