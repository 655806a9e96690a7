"""Putting a model buyer together from its configuration: each process that the service forks assembles its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from commons.agent.aggregator_client import AggregatorClient, AggregatorReader
from commons.chain.event_follower import EventFollower
from commons.chain.outbox_sender import OutboxSender
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from model_buyer.adapters.aggregator import AggregatorOfThreads
from model_buyer.adapters.marketplace_chain import MarketplaceChain
from model_buyer.config import BuyerConfig
from model_buyer.services.buyer import Buyer
from model_buyer.services.key_vault import KeyVault
from model_buyer.services.ports import Clock
from model_buyer.tables import AUTHENTICATION, EVENTS, OUTBOX, db

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
VIEW_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Parts:
    """One model buyer, assembled; `address` is its account's."""

    config: BuyerConfig
    address: str
    database: Database
    authenticator: Authenticator
    buyer: Buyer
    follower: EventFollower
    sender: OutboxSender


def prepare(config: BuyerConfig) -> Database:
    """Return the database, brought up to date and with its first user; once for each start of the service."""
    database = create_database(config.database_url, db)
    migrate(database, MIGRATIONS)
    Authenticator(database, AUTHENTICATION).ensure_admin(config.admin_password, config.state_dir)
    return database


def make_client(config: BuyerConfig, account: LocalAccount) -> AggregatorClient:
    """The aggregator, signed in as this buyer; for one thread."""
    return AggregatorClient(
        config.aggregator_url, account, name=config.name, kind="model_buyer", chain_id=config.chain.chain_id
    )


def assemble(config: BuyerConfig, account: LocalAccount, database: Database, *, clock: Clock = time.time) -> Parts:
    """The buyer around a prepared database; nothing is connected yet."""
    marketplace = config.chain.marketplace()
    follower = EventFollower(
        database,
        marketplace,
        EVENTS,
        confirmations=config.chain.confirmations,
        from_block=config.chain.contract_from_block,
    )
    sender = OutboxSender(
        database.stepwise_sessions,
        OUTBOX,
        marketplace.connection,
        account,
        known_chain=follower.known_chain,
        policy=config.chain.policy,
        clock=clock,
    )
    aggregator = AggregatorOfThreads(
        lambda: AggregatorReader(config.aggregator_url, chain_id=config.chain.chain_id, timeout_s=VIEW_TIMEOUT_S),
        lambda: make_client(config, account),
    )
    buyer = Buyer(
        database=database,
        chain=MarketplaceChain(marketplace, max_fee_wei=config.chain.policy.max_fee_wei),
        aggregator=aggregator,
        vault=KeyVault(config.keystore_password, database, cost=config.vault_cost, key_policy=config.key_policy),
        account=account,
        key_bits=config.key_bits,
        follow=follower.step,
        chain_clock=lambda: max(clock(), follower.chain_time),
        clock=clock,
        key_policy=config.key_policy,
    )
    return Parts(
        config=config,
        address=account.address,
        database=database,
        authenticator=Authenticator(database, AUTHENTICATION, clock=clock),
        buyer=buyer,
        follower=follower,
        sender=sender,
    )
