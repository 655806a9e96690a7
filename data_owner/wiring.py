"""Putting a data owner together from its configuration: each process that the service forks assembles its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eth_account.signers.local import LocalAccount

from commons.agent.aggregator_client import AggregatorClient
from commons.chain.event_follower import EventFollower
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import OutboxSender
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from data_owner.adapters.aggregator import PublicBoard, SharedRegistry
from data_owner.adapters.chain import MarketplaceChain
from data_owner.adapters.data_files import open_data_file
from data_owner.adapters.tables import AUTHENTICATION, EVENTS, OutboxTransaction
from data_owner.agent import Courier, TaskAnswerer
from data_owner.config import OwnerConfig
from data_owner.services.acceptances import Acceptances
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.commitments import Commitments
from data_owner.services.datasets import Datasets
from data_owner.services.deliveries import Deliveries
from data_owner.services.earnings import EarningsBook
from data_owner.services.histograms import Histograms
from data_owner.services.known_jobs import KnownJobs
from data_owner.services.offers import Offers
from data_owner.services.on_chain import OnChain
from data_owner.services.participation import Participation
from data_owner.services.terms_to_sign import TermsPreview

MIGRATIONS = Path(__file__).parent / "adapters" / "migrations" / "versions"
BOARD_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Owner:
    """One data owner, assembled; `address` is its account's."""

    config: OwnerConfig
    address: str
    database: Database
    authenticator: Authenticator
    board: PublicBoard
    chain: MarketplaceChain
    datasets: Datasets
    histograms: Histograms
    offers: Offers
    terms: TermsPreview
    commitments: Commitments
    earnings: EarningsBook
    courier: Courier
    tasks: TaskAnswerer


def prepare(config: OwnerConfig) -> None:
    """Bring the database up to date and make the first user; once for each start of the service."""
    database = create_database(config.database_url)
    migrate(database, MIGRATIONS)
    Authenticator(database, AUTHENTICATION).ensure_admin(config.admin_password, config.state_dir)
    database.dispose()


def make_client(config: OwnerConfig, account: LocalAccount) -> AggregatorClient:
    """The aggregator, signed in as this owner; for one thread."""
    return AggregatorClient(
        config.aggregator_url, account, name=config.name, kind="data_owner", chain_id=config.chain.chain_id
    )


def assemble(config: OwnerConfig, account: LocalAccount) -> Owner:
    """The owner around a prepared database; nothing is connected yet."""
    database = create_database(config.database_url)
    open_file = partial(open_data_file, folders=(config.uploads_dir, *config.data_dirs))
    marketplace = config.chain.marketplace()
    chain = MarketplaceChain(marketplace)
    board = PublicBoard(config.aggregator_url, chain_id=config.chain.chain_id, timeout_s=BOARD_TIMEOUT_S)
    outbox = Outbox(OutboxTransaction)
    jobs = KnownJobs(database, board)
    offers = Offers(database, jobs, account.address, time.time)
    deliveries = Deliveries(database, SharedRegistry(lambda: make_client(config, account)))
    acceptances = Acceptances(
        database, offers, chain, outbox, account, open_file, unsafe_small_key=config.unsafe_small_key
    )
    follower = EventFollower(
        database,
        marketplace,
        EVENTS,
        confirmations=config.chain.confirmations,
        from_block=config.chain.contract_from_block,
    )
    participation = Participation(
        database,
        chain,
        board,
        account.address,
        open_file,
        follow=follower.step,
        unsafe_small_key=config.unsafe_small_key,
    )
    on_chain = OnChain(
        database,
        chain,
        outbox,
        account.address,
        lambda: max(time.time(), follower.chain_time),
        follow=lambda: follower.step().unavailable,
    )
    sender = OutboxSender(
        database.stepwise_sessions,
        outbox,
        marketplace.connection,
        account,
        known_chain=follower.known_chain,
        policy=config.chain.policy,
    )
    return Owner(
        config=config,
        address=account.address,
        database=database,
        authenticator=Authenticator(database, AUTHENTICATION),
        board=board,
        chain=chain,
        datasets=Datasets(database, config.uploads_dir, open_file, time.time),
        histograms=Histograms(database, open_file),
        offers=offers,
        terms=TermsPreview(offers, chain, unsafe_small_key=config.unsafe_small_key),
        commitments=Commitments(acceptances, deliveries, offers),
        earnings=EarningsBook(database, chain, outbox, account.address),
        courier=Courier(deliveries, sender, on_chain, jobs),
        tasks=TaskAnswerer(participation.participant, AnsweredTasks(database), account, participation.is_current),
    )
