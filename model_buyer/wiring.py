"""Assembling the model buyer's parts from its configuration: the only place that knows all of them."""

from __future__ import annotations

import threading
import time
from functools import cached_property, partial

from eth_account.signers.local import LocalAccount

from commons.agent.aggregator_client import AggregatorClient, AggregatorReader
from commons.chain.event_follower import EventFollower
from commons.chain.event_log import EventLog
from commons.chain.marketplace import Marketplace
from commons.storage.database import Database
from model_buyer.adapters.marketplace_chain import MarketplaceChain
from model_buyer.adapters.read_models import SqlReads
from model_buyer.adapters.repository import SqlVaultHeaders, snapshot, unit_of_work
from model_buyer.adapters.tables import ContractEvent, FollowedBlock
from model_buyer.adapters.vault import KeyVault
from model_buyer.config import BuyerConfig
from model_buyer.services.ports import Buyer, Clock, UnitOfWork
from model_buyer.services.post_job import JobPosting

_VIEW_TIMEOUT_S = 10.0


class Assembly:
    """The parts of one process of the service.

    Args:
        config: the settings.
        database: migrated.
        account: from the keystore.
        clock: Unix time in seconds.
    """

    def __init__(
        self, config: BuyerConfig, database: Database, account: LocalAccount, *, clock: Clock = time.time
    ) -> None:
        self.config = config
        self.database = database
        self.account = account
        self.clock = clock
        self.unit_of_work: UnitOfWork = partial(unit_of_work, database)
        self.snapshot: UnitOfWork = partial(snapshot, database)
        self._of_thread = threading.local()

    @property
    def address(self) -> str:
        """The buyer's account."""
        return str(self.account.address)

    @cached_property
    def marketplace(self) -> Marketplace:
        """The contract; asks the node nothing by itself."""
        return self.config.chain.marketplace()

    @cached_property
    def chain(self) -> MarketplaceChain:
        """The contract as the use cases see it."""
        return MarketplaceChain(self.marketplace, max_fee_wei=self.config.chain.policy.max_fee_wei)

    @cached_property
    def reads(self) -> SqlReads:
        """Lists and timelines."""
        return SqlReads(self.database)

    @property
    def posting(self) -> JobPosting:
        """Takes job requests on."""
        return JobPosting(
            unit_of_work=self.unit_of_work,
            snapshot=self.snapshot,
            chain=self.chain,
            address=self.address,
            default_key_bits=self.config.key_bits,
            unsafe_small_key=self.config.unsafe_small_key,
            clock=self.clock,
        )

    @cached_property
    def follower(self) -> EventFollower:
        """Keeps this database's events of the contract up to date."""
        chain = self.config.chain
        log = EventLog(FollowedBlock, ContractEvent)
        return EventFollower(
            self.database,
            self.marketplace,
            log,
            confirmations=chain.confirmations,
            from_block=chain.contract_from_block,
        )

    def follow(self) -> None:
        """Look at the chain for new events; a node that does not answer is found out by whoever misses them."""
        self.follower.step()

    @property
    def reader(self) -> AggregatorReader:
        """The aggregator's public side, one connection a thread."""
        if not hasattr(self._of_thread, "reader"):
            config = self.config
            self._of_thread.reader = AggregatorReader(
                config.aggregator_url, chain_id=config.chain.chain_id, timeout_s=_VIEW_TIMEOUT_S
            )
        reader: AggregatorReader = self._of_thread.reader
        return reader

    def client(self) -> AggregatorClient:
        """A signed-in connection to the aggregator; for one thread."""
        return AggregatorClient(
            self.config.aggregator_url,
            self.account,
            name=self.config.name,
            kind="model_buyer",
            chain_id=self.config.chain.chain_id,
            clock=self.clock,
        )

    def buyer(self, client: AggregatorClient) -> Buyer:
        """Everything that the background use cases work with."""
        vault = KeyVault(
            self.config.keystore_password,
            SqlVaultHeaders(self.database),
            cost=self.config.vault_cost,
            unsafe_small_key=self.config.unsafe_small_key,
        )
        return Buyer(
            unit_of_work=self.unit_of_work,
            snapshot=self.snapshot,
            chain=self.chain,
            aggregator=client,
            vault=vault,
            account=self.account,
            follow=self.follow,
            chain_clock=lambda: max(self.clock(), self.follower.chain_time),
            unsafe_small_key=self.config.unsafe_small_key,
            clock=self.clock,
        )
