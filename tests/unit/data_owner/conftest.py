"""One data owner in a world of hand-written fakes: a chain, an aggregator, a clock; files and database are real."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.jobs import JobOnChain, JobState, JobTerms
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, SecretKey
from commons.computations.linear_regression.spec import Feature
from commons.computations.registry import JobSpec
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from data_owner.adapters.data_files import open_data_file
from data_owner.services.acceptances import Acceptances, AcceptRequest
from data_owner.services.datasets import DatasetDetails, Datasets
from data_owner.services.deliveries import Deliveries
from data_owner.services.earnings import EarningsBook
from data_owner.services.known_jobs import KnownJobs
from data_owner.services.offers import Offers
from data_owner.services.on_chain import OnChain
from data_owner.services.participation import Participation as TakingPart
from data_owner.services.ports import OpenDataFile
from data_owner.tables import db
from data_owner.wiring import MIGRATIONS
from tests.doubles.around_owner import AGGREGATOR, BUYER, OTHER, FakeAggregator, FakeChain, Job, key, key_proof
from tests.doubles.job_specs import job_spec


@dataclass
class World:
    """One owner and everything around it."""

    folder: Path
    database: Database
    account: LocalAccount
    jobs: dict[int, Job]
    chain: FakeChain
    aggregator: FakeAggregator
    secret_key: SecretKey
    now: float = 1000.0
    open_file: OpenDataFile = field(init=False)
    datasets: Datasets = field(init=False)
    known_jobs: KnownJobs = field(init=False)
    offers: Offers = field(init=False)
    acceptances: Acceptances = field(init=False)
    deliveries: Deliveries = field(init=False)
    earnings: EarningsBook = field(init=False)
    taking_part: TakingPart = field(init=False)
    on_chain: OnChain = field(init=False)

    def __post_init__(self) -> None:
        self.open_file = partial(open_data_file, folders=(self.folder,))
        self.datasets = Datasets(self.database, self.folder / "uploads", self.open_file, self.clock)
        self.known_jobs = KnownJobs(self.database, self.aggregator)
        self.offers = Offers(self.database, self.known_jobs, self.account.address, self.clock)
        self.acceptances = Acceptances(
            self.database,
            self.offers,
            self.chain,
            self.account,
            self.open_file,
            key_policy=UNSAFE_SMALL_KEYS,
        )
        self.deliveries = Deliveries(self.database, self.aggregator)
        self.earnings = EarningsBook(self.database, self.chain, self.account.address)
        self.taking_part = TakingPart(
            self.database, self.chain, self.aggregator, self.account, self.open_file, key_policy=UNSAFE_SMALL_KEYS
        )
        self.on_chain = OnChain(self.database, self.chain, self.account.address, self.clock, follow=lambda: None)

    def clock(self) -> float:
        return self.now

    @property
    def address(self) -> str:
        return self.account.address

    def write_rows(self, name: str = "rows.csv", *, rows: int = 8, columns: str = "a,b,y", seed: int = 1) -> Path:
        values = np.random.default_rng(seed).uniform(-1, 1, size=(rows, columns.count(",") + 1))
        path = self.folder / name
        lines = [",".join(map(repr, row)) for row in values.tolist()]
        path.write_text("\n".join([columns, *lines]) + "\n")
        return path

    def add_rows(self, name: str = "rows.csv", *, rows: int = 8, columns: str = "a,b,y", seed: int = 1) -> str:
        path = self.write_rows(name, rows=rows, columns=columns, seed=seed)
        self.now += 1
        return self.datasets.add(path, DatasetDetails()).id

    def start(self, role: str, other: str, job_id: int = 1, consents: tuple[str, ...] = ()) -> Job:
        """A job that this owner accepted for one role, handed in, and that runs with another owner in the other one."""
        if not self.datasets.list():
            self.add_rows()
        job = self.post_job(job_id)
        self.acceptances.accept(job_id, AcceptRequest(roles=1 if role == "trainer" else 2, consents=consents))
        self.deliveries.deliver_all()
        own, others = (self.address,), (other,)
        trainers, validators = (own, others) if role == "trainer" else (others, own)
        job.start(trainers=trainers, validators=validators)
        return job

    def post_job(self, job_id: int = 1, **changes: Any) -> Job:
        spec = job_spec(
            **{
                "title": f"job {job_id}",
                "features": (Feature(name="a", minimum=-1, maximum=1), Feature(name="b", minimum=-1, maximum=1)),
                "target": Feature(name="y", minimum=-1, maximum=1),
                "rounds": 4,
                "evaluate_every": 2,
                "learning_rate": 0.5,
                "min_rows": 2,
                "deposit_wei": 10**9,
                "start_by": 2000,
                "finish_by": 3000,
                "role_seed": 1,
                **changes,
            }
        )
        return self.post(job_id, spec)

    def post_foreign(self, job_id: int = 1) -> Job:
        """A job of a kind that nobody knows here."""
        job = self.post_job(job_id)
        job.view["spec"]["computation"] = {"kind": "census", "of": [{"street": 1.5}, None]}
        return job

    def post(self, job_id: int, spec: JobSpec) -> Job:
        """A job of any kind, which recruits."""
        key = self.secret_key.public_key
        view = {
            "job_id": job_id,
            "state": "recruiting",
            "step": None,
            "round": 0,
            "checkpoint": 0,
            "spec": spec.model_dump(mode="json"),
            "buyer": BUYER,
            "deposit_wei": str(spec.deposit_wei),
            "owners": [],
            "waiting_for": {"who": [], "what": "data owners to accept (0 of 2)", "until": spec.start_by},
            "reason": None,
            "checkpoints": [],
            "modulus": hex(key.n),
            "modulus_proof": list(key_proof()),
        }
        terms = JobTerms(
            aggregator=AGGREGATOR,
            spec_digest=spec.digest(),
            key_digest=key.digest(),
            start_by=spec.start_by,
            finish_by=spec.finish_by,
            trainer_bps=spec.pay.trainer_bps,
            validator_bps=spec.pay.validator_bps,
            aggregator_bps=spec.pay.aggregator_bps,
        )
        on_chain = JobOnChain(
            job_id=job_id,
            terms=terms,
            buyer=BUYER,
            state=JobState.POSTED,
            deposit_wei=spec.deposit_wei,
            last_recorded=False,
            checkpoint_count=0,
            initial_mse_fixed=0,
            latest_mse_fixed=0,
            seed_hash=bytes(32),
            delivery_digest=bytes(32),
        )
        self.jobs[job_id] = Job(spec, view, on_chain, self.database)
        return self.jobs[job_id]


@pytest.fixture(scope="session")
def account() -> LocalAccount:
    account: LocalAccount = Account.from_key(b"\x07" * 32)
    return account


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "owner.sqlite3"
    database = create_database(f"sqlite:///{path}", db)
    migrate(database, MIGRATIONS)
    database.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated_file: Path) -> Database:
    path = tmp_path / "owner.sqlite3"
    shutil.copy(migrated_file, path)
    return create_database(f"sqlite:///{path}", db)


@pytest.fixture
def world(tmp_path: Path, database: Database, account: LocalAccount) -> World:
    jobs: dict[int, Job] = {}
    return World(
        folder=tmp_path,
        database=database,
        account=account,
        jobs=jobs,
        chain=FakeChain(jobs, account.address),
        aggregator=FakeAggregator(jobs),
        secret_key=key(),
    )


@pytest.fixture
def other_address() -> str:
    return OTHER
