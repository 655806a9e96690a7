"""`deltaml chain`: the marketplace contract."""

from __future__ import annotations

from pathlib import Path

import click

from deltaml.commands.account import read_password
from deltaml.output import as_json, print_facts, print_json
from deltaml.units import format_wei

_NODE = click.option(
    "--eth-rpc-url",
    envvar="DELTAML_ETH_RPC_URL",
    default="http://127.0.0.1:8545",
    show_default=True,
    show_envvar=True,
    help="URL of the Ethereum node.",
)


@click.group()
def chain() -> None:
    """The marketplace contract on an Ethereum chain.

    Example: deltaml chain status --contract-address 0x…
    """


@chain.command("deploy")
@_NODE
@click.option(
    "--keystore", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Account that pays for it."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with its password.  [default: DELTAML_KEYSTORE_PASSWORD, else it is asked for]",
)
@as_json
def deploy_contract(eth_rpc_url: str, keystore: Path, password_file: Path | None, json_output: bool) -> None:
    """Deploy the contract and print its address. Nobody owns it; the account gets no rights.

    Example: deltaml chain deploy --keystore var/aggregator/keystore.json
    """
    from commons.chain.keystore import load_account  # noqa: PLC0415 - web3 is heavy, and only needed here
    from commons.chain.transactions import deploy  # noqa: PLC0415

    account = load_account(keystore, read_password(password_file))
    address = deploy(eth_rpc_url, account)
    if json_output:
        print_json({"contract_address": address})
    else:
        click.echo(address)


@chain.command("status")
@_NODE
@click.option(
    "--contract-address",
    envvar="DELTAML_CONTRACT_ADDRESS",
    show_envvar=True,
    help="Also show the contract's jobs and balances.",
)
@as_json
def status(eth_rpc_url: str, contract_address: str | None, json_output: bool) -> None:
    """Show chain id and block of the node, and what the contract holds.

    Example: deltaml chain status --contract-address 0x…
    """
    from commons.chain.connection import ChainConnection  # noqa: PLC0415 - web3 is heavy, and only needed here
    from commons.chain.transactions import latest_block  # noqa: PLC0415

    connection = ChainConnection(eth_rpc_url)
    facts: dict[str, object] = {"chain_id": connection.check(), "block": latest_block(connection)}
    if contract_address is not None:
        facts |= _contract_facts(eth_rpc_url, contract_address)
    if json_output:
        print_json(facts)
    else:
        print_facts([(name, format_wei(str(v)) if name.endswith("_wei") else v) for name, v in facts.items()])


def _contract_facts(eth_rpc_url: str, contract_address: str) -> dict[str, object]:
    from commons.chain.marketplace import Marketplace  # noqa: PLC0415

    marketplace = Marketplace(eth_rpc_url, contract_address)
    marketplace.wait_until_ready(0)
    return {
        "contract_address": marketplace.contract_address,
        "jobs": marketplace.job_count(),
        "escrowed_wei": str(marketplace.total_escrowed_wei()),
        "owed_wei": str(marketplace.total_owed_wei()),
    }
