"""`deltaml chain`: the marketplace contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commons.errors import Conflict, NotFound
from deltaml.commands.account import read_password
from deltaml.output import as_json, print_facts, print_json
from deltaml.units import format_wei

if TYPE_CHECKING:
    from commons.chain.marketplace import Marketplace

_NODE = click.option(
    "--eth-rpc-url",
    envvar="DELTAML_ETH_RPC_URL",
    default="http://127.0.0.1:8545",
    show_default=True,
    show_envvar=True,
    help="URL of the Ethereum node.",
)


def _addresses_file(option: str, description: str) -> Callable[[Any], Any]:
    return click.option(
        option,
        "addresses_file",
        envvar="DELTAML_CONTRACT_ADDRESSES_FILE",
        show_envvar=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help=description,
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
@_addresses_file("--record", "Note the address in this file, under the node's chain id.")
@click.option("--again", is_flag=True, help="Deploy even if the file has a contract that is there.")
@as_json
def deploy_contract(  # noqa: PLR0917 - click passes options by name
    eth_rpc_url: str,
    keystore: Path,
    password_file: Path | None,
    addresses_file: Path | None,
    again: bool,
    json_output: bool,
) -> None:
    """Deploy the contract, check its code and print its address. Nobody owns it; the account gets no rights.

    Example: deltaml chain deploy --keystore var/aggregator/keystore.json --record var/contracts.json
    """
    from commons.chain.connection import ChainConnection  # noqa: PLC0415 - web3 is heavy, and only needed here
    from commons.chain.contract_addresses import record_contract  # noqa: PLC0415
    from commons.chain.deployment import deploy  # noqa: PLC0415
    from commons.chain.keystore import load_account  # noqa: PLC0415

    account = load_account(keystore, read_password(password_file))
    chain_id = ChainConnection(eth_rpc_url).check()
    if addresses_file is not None and not again:
        _refuse_second(eth_rpc_url, addresses_file, chain_id)
    deployed = deploy(eth_rpc_url, account, chain_id=chain_id)
    if addresses_file is not None:
        record_contract(addresses_file, chain_id, deployed)
    if json_output:
        print_json({"contract_address": deployed.address, "chain_id": chain_id, "block": deployed.block})
    else:
        click.echo(deployed.address)


@chain.command("status")
@_NODE
@click.option(
    "--contract-address",
    envvar="DELTAML_CONTRACT_ADDRESS",
    show_envvar=True,
    help="Also show the contract's jobs and balances.",
)
@_addresses_file("--contract-addresses-file", "Find the contract's address in this file, by the node's chain id.")
@as_json
def status(eth_rpc_url: str, contract_address: str | None, addresses_file: Path | None, json_output: bool) -> int:
    """Show chain id and block of the node, and what the contract holds.

    Ends with code 3 when what is at the address is not the marketplace.

    Example: deltaml chain status --contract-address 0x…
    """
    from commons.chain.blocks import latest_block  # noqa: PLC0415 - web3 is heavy, and only needed here
    from commons.chain.connection import ChainConnection  # noqa: PLC0415
    from commons.chain.contract_addresses import contract_on  # noqa: PLC0415
    from commons.chain.marketplace import Marketplace  # noqa: PLC0415

    connection = ChainConnection(eth_rpc_url)
    chain_id = connection.check()
    facts: dict[str, Any] = {"chain_id": chain_id, "block": latest_block(connection).number}
    if contract_address is None and addresses_file is not None:
        contract_address = contract_on(addresses_file, chain_id).address
    problem = None
    if contract_address is not None:
        marketplace = Marketplace(eth_rpc_url, contract_address, chain_id=chain_id)
        facts["contract_address"] = marketplace.contract_address
        problem = _problem_with(marketplace)
        facts |= {"contract": problem} if problem is not None else _contract_facts(marketplace)
    if json_output:
        print_json(facts)
    else:
        print_facts([(name, _shown(name, value)) for name, value in facts.items()])
    return 0 if problem is None else 3


def _refuse_second(rpc_url: str, file: Path, chain_id: int) -> None:
    from commons.chain.contract_addresses import read_contracts  # noqa: PLC0415
    from commons.chain.marketplace import Marketplace  # noqa: PLC0415

    recorded = read_contracts(file).get(chain_id) if file.exists() else None
    if recorded is not None and _problem_with(Marketplace(rpc_url, recorded.address, chain_id=chain_id)) is None:
        raise Conflict(
            f"the marketplace is at {recorded.address} on chain {chain_id} already, as {file} says; "
            "use it, or give --again to deploy another",
            contract_address=recorded.address,
        )


def _problem_with(marketplace: Marketplace) -> str | None:
    try:
        marketplace.check_contract()
    except NotFound:
        return "there is no contract at this address"
    except Conflict:
        return "another contract, not the marketplace of this version"
    return None


def _contract_facts(marketplace: Marketplace) -> dict[str, Any]:
    count = marketplace.job_count()
    states = Counter(marketplace.job(job_id).state.name.lower() for job_id in range(1, count + 1))
    return {
        "contract": "the marketplace of this version",
        "jobs": count,
        "jobs_by_state": dict(states),
        "escrowed_wei": str(marketplace.total_escrowed_wei()),
        "owed_wei": str(marketplace.total_owed_wei()),
    }


def _shown(name: str, value: Any) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count} {state}" for state, count in value.items())
    return format_wei(value) if name.endswith("_wei") else value
