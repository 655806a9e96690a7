"""The committed gas figures are what real nodes charge for whole transactions."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account

from commons.chain.deployment import deploy
from commons.chain.jobs import JobTerms
from commons.chain.marketplace import Marketplace
from commons.chain.transactions import send_and_wait
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache

pytestmark = pytest.mark.integration

ETHER = 10**18
WITHDRAW_GAS = 60_000  # at most


@pytest.mark.parametrize("start", [start_ganache, start_anvil])
def test_withdraw_costs_what_the_snapshot_says(start: Callable[[], ChainNode], contracts: Path) -> None:
    with start() as node:
        deployer, first, second, aggregator = (Account.from_key(secrets.token_bytes(32)) for _ in range(4))
        for account in (deployer, first, second):
            fund(node.rpc_url, account.address, 100 * ETHER)
        market = Marketplace(node.rpc_url, deploy(node.rpc_url, deployer).address, chain_id=node.chain_id)
        now = int(time.time())
        terms = JobTerms(
            aggregator=aggregator.address,
            spec_digest=b"s" * 32,
            key_digest=b"k" * 32,
            start_by=now + 3600,
            finish_by=now + 7200,
            max_participants=10,
        )
        # As in the snapshot somebody else stays in credit: the last to leave would get more gas back.
        for number, buyer in enumerate((first, second), start=1):
            send_and_wait(market.connection, buyer, market.calls.create_job(terms, ETHER))
            send_and_wait(market.connection, buyer, market.calls.cancel_job(number))
        receipt = send_and_wait(market.connection, first, market.calls.withdraw())
    committed = json.loads((contracts / "snapshots" / "Marketplace.json").read_text())
    assert receipt["gasUsed"] == int(committed["withdraw"]) < WITHDRAW_GAS
