"""What stands around a data owner under test: jobs, a contract and an aggregator that tests change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from sqlalchemy import delete, func, select

from commons.agent.aggregator_client import Acceptance as SignedAcceptance
from commons.chain.calls import MarketplaceCalls
from commons.chain.jobs import JobOnChain, JobState, Participation, Quote, Role
from commons.chain.signing import SigningDomain, sign_declaration
from commons.ciphers.paillier import EncryptedVector, KeyHolderRandomizer, SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import TrainTask
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.registry import JobSpec, computation_of
from commons.errors import ChainUnavailable, NotFound, ServiceUnavailable
from commons.market.declaration import Declaration
from commons.storage.database import Database
from data_owner.tables import Acceptance, ContractEvent
from tests.support.worthless_keys import worthless_key, worthless_proof

CONTRACT = "0x" + "c0" * 20
BUYER = "0x" + "b0" * 20
AGGREGATOR = "0x" + "a0" * 20
OTHER_ACCOUNT: LocalAccount = Account.from_key(b"\x09" * 32)
OTHER = str(OTHER_ACCOUNT.address)
THIRD_ACCOUNT: LocalAccount = Account.from_key(b"\x0a" * 32)
OTHERS = {str(one.address): one for one in (OTHER_ACCOUNT, THIRD_ACCOUNT)}


@cache
def key() -> SecretKey:
    return worthless_key(1024)


def zeros(count: int = 3, bits: int = WEIGHT_FRACTIONAL_BITS) -> CiphertextVector:
    """So many zeros, encrypted."""
    encrypted = EncryptedVector.encrypt(KeyHolderRandomizer(key()), [0] * count, fractional_bits=bits)
    return CiphertextVector.of(encrypted)


def train_task(job_id: int = 1, number: int = 1, **changes: Any) -> TrainTask:
    """A task of the only trainer, whose share is all, in a job with a checkpoint every second round."""
    fields = {"weights": zeros(), "averaging_weight": 1, "averaging_total": 1} | changes
    return TrainTask(job_id=job_id, round=number, checkpoint=-(-number // 2), **fields)


@cache
def key_proof() -> tuple[str, ...]:
    return tuple(worthless_proof(1024).to_json())


@dataclass
class Job:
    """A job as the aggregator shows it and as the chain has it; tests change either."""

    spec: JobSpec
    view: dict[str, Any]
    on_chain: JobOnChain
    database: Database
    trainers: tuple[str, ...] = ()
    validators: tuple[str, ...] = ()
    contributions: tuple[int, ...] = ()
    revoked: set[str] = field(default_factory=set)
    facts: Mapping[str, Any] = field(default_factory=lambda: {"growth": 1.0})

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

    def start(self, *, trainers: tuple[str, ...], validators: tuple[str, ...], **facts: Any) -> None:
        self.trainers, self.validators = trainers, validators
        self.contributions = (0,) * len(trainers)
        self.on_chain = replace(self.on_chain, state=JobState.RUNNING)
        members = {"trainers": list(trainers), "validators": list(validators)}
        self.happen("JobStarted", **members, seedHash="0x" + "00" * 32)
        owners = [(address, "trainer") for address in trainers] + [(address, "validator") for address in validators]
        self.view |= {
            "state": "running",
            "owners": [
                {"address": address, "role": role, "out": None, **self.declared(address, role, facts)}
                for address, role in owners
            ],
        }

    def declared(self, address: str, role: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What an owner declared: this service's own acceptance, or another's of 8 rows in just the role that it has."""
        job_id = self.on_chain.job_id
        with self.database.snapshot() as session:
            own = session.get(Acceptance, job_id)
        if own is not None and address not in OTHERS:
            shown = {"roles": own.roles, "row_count": own.row_count, "facts": own.facts}
            return {**shown, "declaration_signature": "0x" + own.declaration_signature.hex()}
        roles = (1 if role == "trainer" else 2) if computation_of(self.spec).roles.may_choose else 3
        declaration = Declaration(roles=roles, row_count=8, facts=facts or self.facts)
        signer = OTHERS.get(address, OTHER_ACCOUNT)
        signature = sign_declaration(signer, SigningDomain(1337, CONTRACT), job_id, declaration.digest())
        return {**declaration.model_dump(), "declaration_signature": "0x" + signature.hex()}

    def settle(self, paid: list[tuple[str, Role, int]]) -> None:
        checkpoint = {"index": "1", "round": "4", "mse": "0", "last": False, "deliveryDigest": "0x" + "00" * 32}
        self.happen("CheckpointRecorded", **checkpoint, leaveOneOutMses=[str(one) for one in self.contributions])
        for payee, role, amount in paid:
            self.happen("Credited", payee=payee, role=str(role.value), amount=str(amount))
        self.happen("JobFinalized", seed="0x" + "00" * 32, paid="0", refunded="0")
        self.on_chain = replace(self.on_chain, state=JobState.FINISHED)
        self.view["state"] = "finished"


@dataclass
class FakeConnection:
    """A node at which every account has one ether."""

    away: bool = False
    web3: Any = field(default_factory=lambda: SimpleNamespace(eth=SimpleNamespace(get_balance=lambda _account: 10**18)))

    def check(self) -> None:
        if self.away:
            raise ChainUnavailable("no Ethereum node answers")

    @contextmanager
    def translated(self) -> Iterator[None]:
        self.check()
        yield


@dataclass
class FakeChain:
    """A `Marketplace` that holds what tests put into it."""

    jobs: dict[int, Job]
    address: str
    owed: int = 0
    connection: FakeConnection = field(default_factory=FakeConnection)
    calls: MarketplaceCalls = field(default_factory=lambda: MarketplaceCalls(CONTRACT))

    @property
    def away(self) -> bool:
        return self.connection.away

    @away.setter
    def away(self, away: bool) -> None:
        self.connection.away = away

    def _ask(self) -> None:
        self.connection.check()

    @property
    def domain(self) -> SigningDomain:
        self._ask()
        return SigningDomain(1337, CONTRACT)

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
        detailed = ("modulus", "modulus_proof", "checkpoints")
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
