"""One data owner in a world of hand-written fakes: a chain, an aggregator, a clock; files and database are real."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from sqlalchemy import delete, func, select

from commons.agent.aggregator_client import Acceptance as SignedAcceptance
from commons.chain.calls import MarketplaceCalls
from commons.chain.jobs import ContractCall, JobOnChain, JobState, JobTerms, Participation, Quote, Role
from commons.chain.outbox import Outbox
from commons.chain.signing import SigningDomain
from commons.errors import ChainUnavailable, NotFound, ServiceUnavailable
from commons.paillier import SecretKey, generate_keypair
from commons.protocol.training_job import Feature, TrainingJobSpec
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from data_owner.adapters.data_files import open_data_file
from data_owner.adapters.tables import ContractEvent, OutboxTransaction
from data_owner.services.acceptances import Acceptances
from data_owner.services.datasets import DatasetDetails, Datasets
from data_owner.services.deliveries import Deliveries
from data_owner.services.earnings import EarningsBook
from data_owner.services.known_jobs import KnownJobs
from data_owner.services.offers import Offers
from data_owner.services.on_chain import OnChain
from data_owner.services.participation import Participation as TakingPart
from data_owner.wiring import MIGRATIONS

CONTRACT = "0x" + "c0" * 20
BUYER = "0x" + "b0" * 20
AGGREGATOR = "0x" + "a0" * 20
OTHER = "0x" + "d0" * 20


@cache
def _key() -> SecretKey:
    return generate_keypair(1024, unsafe_small_key=True)


@cache
def _key_proof() -> tuple[str, ...]:
    return tuple(_key().prove_modulus().to_json())


@dataclass
class Job:
    """A job as the aggregator shows it and as the chain has it; tests change either."""

    spec: TrainingJobSpec
    view: dict[str, Any]
    on_chain: JobOnChain
    database: Database
    trainers: tuple[str, ...] = ()
    validators: tuple[str, ...] = ()
    contributions: tuple[int, ...] = ()
    revoked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        digests = {"specDigest": "0x" + self.spec.digest().hex(), "keyDigest": "0x" + "00" * 32}
        self.happen("JobCreated", buyer=BUYER, aggregator=AGGREGATOR, deposit="1", **digests)

    def happen(self, name: str, *, tx_hash: str = "0x" + "99" * 32, **arguments: Any) -> None:
        """Have the contract report something, confirmed."""
        with self.database.session() as session:
            session.add(
                ContractEvent(
                    block_number=1,
                    block_hash="0x" + "b1" * 32,
                    block_time=1000,
                    log_index=session.scalar(select(func.count()).select_from(ContractEvent)),
                    tx_hash=tx_hash,
                    name=name,
                    job_id=self.on_chain.job_id,
                    arguments={"jobId": str(self.on_chain.job_id), **arguments},
                )
            )

    def undo(self, *names: str) -> None:
        """Have a reorganisation drop these events."""
        with self.database.session() as session:
            mine = delete(ContractEvent).where(ContractEvent.job_id == self.on_chain.job_id)
            session.execute(mine.where(ContractEvent.name.in_(names)))

    def start(self, *, trainers: tuple[str, ...], validators: tuple[str, ...], growth: float = 1.0) -> None:
        self.trainers, self.validators = trainers, validators
        self.contributions = (0,) * len(trainers)
        self.on_chain = replace(self.on_chain, state=JobState.RUNNING)
        members = {"trainers": list(trainers), "validators": list(validators)}
        self.happen("JobStarted", **members, seedHash="0x" + "00" * 32)
        owners = [(address, "trainer") for address in trainers] + [(address, "validator") for address in validators]
        self.view |= {
            "state": "running",
            "growth": growth,
            "owners": [
                {
                    "address": address,
                    "role": role,
                    "roles": 1 if role == "trainer" else 2,
                    "row_count": 8,
                    "growth": growth,
                }
                for address, role in owners
            ],
        }

    def settle(self, paid: list[tuple[str, Role, int]]) -> None:
        checkpoint = {"index": "1", "round": "4", "mse": "0", "last": False, "deliveryDigest": "0x" + "00" * 32}
        self.happen("CheckpointRecorded", **checkpoint, leaveOneOutMses=[str(one) for one in self.contributions])
        for payee, role, amount in paid:
            self.happen("Credited", payee=payee, role=str(role.value), amount=str(amount))
        self.happen("JobFinalized", seed="0x" + "00" * 32, paid="0", refunded="0")
        self.on_chain = replace(self.on_chain, state=JobState.FINISHED)
        self.view["state"] = "finished"


@dataclass
class FakeChain:
    """A contract that holds what tests put into it."""

    jobs: dict[int, Job]
    address: str
    owed: int = 0
    away: bool = False

    def _ask(self) -> None:
        if self.away:
            raise ChainUnavailable("no Ethereum node answers")

    def domain(self) -> SigningDomain:
        self._ask()
        return SigningDomain(1337, CONTRACT)

    def check(self) -> None:
        self._ask()

    def balance_wei(self, address: str) -> int:
        self._ask()
        return 10**18

    def owed_wei(self, address: str) -> int:
        self._ask()
        return self.owed

    def job(self, job_id: int) -> JobOnChain:
        self._ask()
        if job_id not in self.jobs:
            raise NotFound(f"there is no job {job_id}")
        return self.jobs[job_id].on_chain

    def participation(self, job_id: int, address: str) -> Participation:
        self._ask()
        return Participation.REVOKED if address in self.jobs[job_id].revoked else Participation.NONE

    def contributions(self, job_id: int) -> tuple[int, ...]:
        self._ask()
        return self.jobs[job_id].contributions

    def quote(self, job_id: int) -> Quote:
        self._ask()
        return Quote(tuple(100 + place for place, _ in enumerate(self.jobs[job_id].trainers)), 50, 10, 0)

    def revoke_acceptance(self, job_id: int) -> ContractCall:
        return MarketplaceCalls(CONTRACT).revoke_acceptance(job_id)

    def expire_job(self, job_id: int) -> ContractCall:
        return MarketplaceCalls(CONTRACT).expire_job(job_id)

    def withdraw(self, to: str | None) -> ContractCall:
        calls = MarketplaceCalls(CONTRACT)
        return calls.withdraw() if to is None else calls.withdraw_to(to)


@dataclass
class FakeAggregator:
    """Both sides of an aggregator: what it shows, and what it was told."""

    job_list: dict[int, Job]
    away: bool = False
    refusal: Exception | None = None
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    acceptances: dict[int, SignedAcceptance] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    asked_for: list[list[int]] = field(default_factory=list)
    """Of which jobs summaries were asked for, request by request."""

    def _ask(self) -> None:
        if self.away:
            raise ServiceUnavailable("the aggregator does not answer")

    def _summaries(self) -> dict[int, dict[str, Any]]:
        detailed = ("modulus", "modulus_proof", "checkpoints", "growth")
        return {
            job_id: {name: value for name, value in job.view.items() if name not in detailed}
            for job_id, job in self.job_list.items()
        }

    def job_versions(self) -> dict[int, str]:
        self._ask()
        return {job_id: json.dumps(summary) for job_id, summary in self._summaries().items()}

    def jobs(self, job_ids: Sequence[int]) -> list[dict[str, Any]]:
        self._ask()
        self.asked_for.append(sorted(job_ids))
        return [summary for job_id, summary in self._summaries().items() if job_id in job_ids]

    def job(self, job_id: int) -> dict[str, Any]:
        self._ask()
        if job_id not in self.job_list:
            raise NotFound(f"job {job_id} is not known here")
        return dict(self.job_list[job_id].view)

    def _tell(self, what: str) -> None:
        self._ask()
        self.told.append(what)
        if self.refusal is not None:
            raise self.refusal

    def put_dataset(self, dataset_id: str, metadata: Mapping[str, Any]) -> None:
        self._tell(f"put {dataset_id}")
        self.datasets[dataset_id] = dict(metadata)

    def delete_dataset(self, dataset_id: str) -> None:
        self._tell(f"delete {dataset_id}")
        if dataset_id not in self.datasets:
            raise NotFound("no such dataset")
        del self.datasets[dataset_id]

    def accept(self, job_id: int, acceptance: SignedAcceptance) -> None:
        self._tell(f"accept {job_id}")
        self.acceptances[job_id] = acceptance

    def withdraw_acceptance(self, job_id: int) -> None:
        self._tell(f"withdraw {job_id}")
        self.acceptances.pop(job_id, None)


@dataclass
class World:
    """One owner and everything around it."""

    folder: Path
    database: Database
    account: LocalAccount
    jobs: dict[int, Job]
    chain: FakeChain
    aggregator: FakeAggregator
    outbox: Outbox
    secret_key: SecretKey
    now: float = 1000.0
    datasets: Datasets = field(init=False)
    known_jobs: KnownJobs = field(init=False)
    offers: Offers = field(init=False)
    acceptances: Acceptances = field(init=False)
    deliveries: Deliveries = field(init=False)
    earnings: EarningsBook = field(init=False)
    taking_part: TakingPart = field(init=False)
    on_chain: OnChain = field(init=False)

    def __post_init__(self) -> None:
        self.datasets = Datasets(self.database, self.folder / "uploads", open_data_file, self.clock)
        self.known_jobs = KnownJobs(self.database, self.aggregator)
        self.offers = Offers(self.database, self.known_jobs, self.account.address, self.clock)
        self.acceptances = Acceptances(
            self.database,
            self.offers,
            self.chain,
            self.outbox,
            self.account,
            open_data_file,
            unsafe_small_key=True,
        )
        self.deliveries = Deliveries(self.database, self.aggregator)
        self.earnings = EarningsBook(self.database, self.chain, self.outbox, self.account.address)
        self.taking_part = TakingPart(
            self.database, self.chain, self.aggregator, self.account.address, open_data_file, unsafe_small_key=True
        )
        self.on_chain = OnChain(
            self.database, self.chain, self.outbox, self.account.address, self.clock, follow=lambda: None
        )

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

    def post_job(self, job_id: int = 1, **changes: Any) -> Job:
        spec = TrainingJobSpec(
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
            "modulus_proof": list(_key_proof()),
            "growth": None,
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
    database = create_database(f"sqlite:///{path}")
    migrate(database, MIGRATIONS)
    database.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated_file: Path) -> Database:
    path = tmp_path / "owner.sqlite3"
    shutil.copy(migrated_file, path)
    return create_database(f"sqlite:///{path}")


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
        outbox=Outbox(OutboxTransaction),
        secret_key=_key(),
    )


@pytest.fixture
def other_address() -> str:
    return OTHER
