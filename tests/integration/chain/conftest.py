"""A real node and a deployed contract for each module, and accounts with money on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.marketplace import Marketplace
from commons.chain.transactions import deploy
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache

ETHER = 10**18
STARTERS: dict[str, Callable[[], ChainNode]] = {"ganache": start_ganache, "anvil": start_anvil}


@pytest.fixture(scope="module", params=list(STARTERS))
def node(request: pytest.FixtureRequest) -> Iterator[ChainNode]:
    with STARTERS[request.param]() as running:
        yield running


@pytest.fixture(scope="module")
def anvil() -> Iterator[ChainNode]:
    with start_anvil() as running:
        yield running


def new_account(rpc_url: str | None = None, balance_wei: int = 100 * ETHER) -> LocalAccount:
    account = Account.from_key(secrets.token_bytes(32))
    if rpc_url is not None:
        fund(rpc_url, account.address, balance_wei)
    return account


@pytest.fixture(scope="module")
def marketplace(node: ChainNode) -> Marketplace:
    return Marketplace(node.rpc_url, deploy(node.rpc_url, new_account(node.rpc_url)), chain_id=node.chain_id)


@pytest.fixture
def funded(node: ChainNode) -> Callable[[], LocalAccount]:
    """Draw an account with 100 ether on the module's node."""
    return lambda: new_account(node.rpc_url)
