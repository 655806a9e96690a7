"""Putting a data owner together from its configuration: each process that the service forks assembles its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eth_account.signers.local import LocalAccount

from commons.agent.aggregator_client import AggregatorClient
from commons.chain.event_follower import EventFollower
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import OutboxSender
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from data_owner.adapters.aggregator import PublicBoard, SharedRegistry
from data_owner.adapters.data_files import open_data_file
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
from data_owner.services.ports import OpenDataFile
from data_owner.services.task_answers import TaskAnswerer
from data_owner.services.terms_to_sign import TermsPreview
from data_owner.tables import AUTHENTICATION, EVENTS, OUTBOX, db

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
BOARD_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Parts:
    """One data owner, assembled; `address` is its account's, `connect` signs in to the aggregator, for one thread."""

    config: OwnerConfig
    address: str
    database: Database
    authenticator: Authenticator
    board: PublicBoard
    chain: Marketplace
    datasets: Datasets
    histograms: Histograms
    offers: Offers
    terms: TermsPreview
    commitments: Commitments
    earnings: EarningsBook
    deliveries: Deliveries
    jobs: KnownJobs
    on_chain: OnChain
    sender: OutboxSender
    tasks: TaskAnswerer
    connect: Callable[[], AggregatorClient]


@dataclass(frozen=True)
class _Ground:
    """What the parts stand on."""

    config: OwnerConfig
    account: LocalAccount
    database: Database
    board: PublicBoard
    chain: Marketplace
    follower: EventFollower
    open_file: OpenDataFile

    @classmethod
    def of(cls, config: OwnerConfig, account: LocalAccount, database: Database) -> _Ground:
        chain = config.chain.marketplace()
        return cls(
            config=config,
            account=account,
            database=database,
            board=PublicBoard(config.aggregator_url, chain_id=config.chain.chain_id, timeout_s=BOARD_TIMEOUT_S),
            chain=chain,
            follower=EventFollower(
                database,
                chain,
                EVENTS,
                confirmations=config.chain.confirmations,
                from_block=config.chain.contract_from_block,
            ),
            open_file=partial(open_data_file, folders=(config.uploads_dir, *config.data_dirs)),
        )


def prepare(config: OwnerConfig) -> Database:
    """Return the database, brought up to date and with its first user; once for each start of the service."""
    database = create_database(config.database_url, db)
    migrate(database, MIGRATIONS)
    Authenticator(database, AUTHENTICATION).ensure_admin(config.admin_password, config.state_dir)
    return database


def make_client(config: OwnerConfig, account: LocalAccount) -> AggregatorClient:
    """The aggregator, signed in as this owner; for one thread."""
    return AggregatorClient(
        config.aggregator_url, account, name=config.name, kind="data_owner", chain_id=config.chain.chain_id
    )


def assemble(config: OwnerConfig, account: LocalAccount, database: Database) -> Parts:
    """The owner around a prepared database; nothing is connected yet."""
    ground = _Ground.of(config, account, database)
    chain = ground.chain
    jobs = KnownJobs(database, ground.board)
    offers = Offers(database, jobs, account.address, time.time)
    connect = partial(make_client, config, account)
    deliveries = Deliveries(database, SharedRegistry(connect))
    return Parts(
        config=config,
        address=account.address,
        database=database,
        authenticator=Authenticator(database, AUTHENTICATION),
        board=ground.board,
        chain=chain,
        datasets=Datasets(database, config.uploads_dir, ground.open_file, time.time),
        histograms=Histograms(database, ground.open_file),
        offers=offers,
        terms=TermsPreview(offers, chain, config.key_policy),
        commitments=Commitments(_acceptances(ground, offers), deliveries, offers),
        earnings=EarningsBook(database, chain, account.address),
        deliveries=deliveries,
        jobs=jobs,
        on_chain=_on_chain(ground),
        sender=_sender(ground),
        tasks=_tasks(ground),
        connect=connect,
    )


def _acceptances(ground: _Ground, offers: Offers) -> Acceptances:
    return Acceptances(
        ground.database,
        offers,
        ground.chain,
        ground.account,
        ground.open_file,
        key_policy=ground.config.key_policy,
    )


def _sender(ground: _Ground) -> OutboxSender:
    return OutboxSender(
        ground.database.stepwise_sessions,
        OUTBOX,
        ground.chain.connection,
        ground.account,
        known_chain=ground.follower.known_chain,
        policy=ground.config.chain.policy,
    )


def _on_chain(ground: _Ground) -> OnChain:
    follower = ground.follower
    return OnChain(
        ground.database,
        ground.chain,
        ground.account.address,
        lambda: max(time.time(), follower.chain_time),
        follow=lambda: follower.step().unavailable,
    )


def _tasks(ground: _Ground) -> TaskAnswerer:
    participation = Participation(
        ground.database,
        ground.chain,
        ground.board,
        ground.account,
        ground.open_file,
        follow=ground.follower.step,
        key_policy=ground.config.key_policy,
    )
    return TaskAnswerer(participation.participant, AnsweredTasks(ground.database), participation.is_current)
