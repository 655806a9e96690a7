"""A buyer with a real database, a real vault and a real key; chain and aggregator are hand-written stand-ins in memory."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from commons.chain.jobs import JobState
from commons.chain.signing import sign_message
from commons.paillier import EncryptedVector, PublicKey, Randomizer, SecretKey, encode, generate_keypair
from commons.protocol.masks import delivery_mask
from commons.protocol.numeric_plan import WEIGHT_FRACTIONAL_BITS, NumericPlan
from commons.protocol.tasks import DeliverTask, OpenTask, ValidatorStatement, candidates_digest, statement_digest
from commons.protocol.training_job import Feature, TrainingJobSpec
from commons.protocol.wire import CiphertextVector
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from model_buyer.adapters.repository import SqlVaultHeaders, snapshot, unit_of_work
from model_buyer.adapters.tables import AUTHENTICATION
from model_buyer.adapters.vault import KeyVault
from model_buyer.config import BuyerConfig
from model_buyer.domain.posted_job import JobKey, PostedJob, Stage
from model_buyer.serve import MIGRATIONS
from model_buyer.services.ports import Buyer
from model_buyer.wiring import Assembly
from tests.doubles.around_buyer import (
    CONTRACT,
    NOW,
    Clock,
    FakeAggregator,
    FakeChain,
)

KEY_BITS = 1024


@dataclass
class Tasks:
    """Makes the tasks that an honest aggregator and honest validators would make for job number 1."""

    spec: TrainingJobSpec
    key: PublicKey
    validators: list[LocalAccount]
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        self._randomizer = Randomizer(self.key)
        self.plan = NumericPlan(self.spec, self.key.bits)
        self.candidate_digests = [keccak(b"global"), keccak(b"without trainer")]

    def vector(self, values: list[float], fractional_bits: int) -> EncryptedVector:
        encoded = encode(values, fractional_bits)
        return EncryptedVector.encrypt(self._randomizer, encoded, fractional_bits=fractional_bits)

    def statement(
        self, validator: LocalAccount, checkpoint: int, sse: list[float], *, rows: int = 10, zero: float = 0.0
    ) -> ValidatorStatement:
        bits = self.plan.sse_fractional_bits
        vector, zero_check = self.vector(sse, bits), self.vector([zero], bits)
        digest = statement_digest(
            job_id=1,
            checkpoint=checkpoint,
            row_count=rows,
            candidates=candidates_digest(self.candidate_digests),
            sse=vector.digest(),
            zero_check=zero_check.digest(),
        )
        return ValidatorStatement(
            validator=validator.address,
            row_count=rows,
            candidates_digest="0x" + candidates_digest(self.candidate_digests).hex(),
            sse=CiphertextVector.of(vector),
            zero_check=CiphertextVector.of(zero_check),
            signature="0x" + sign_message(validator, digest).hex(),
        )

    def open(self, checkpoint: int, round_number: int, sse: list[float]) -> OpenTask:
        share = [value / len(self.validators) for value in sse]
        statements = tuple(self.statement(validator, checkpoint, share) for validator in self.validators)
        return OpenTask(job_id=1, round=round_number, checkpoint=checkpoint, statements=statements)

    def deliver(self, opened: OpenTask, weights: list[float]) -> DeliverTask:
        encoded = encode(weights, WEIGHT_FRACTIONAL_BITS)
        bits = self.plan.mask_bits(opened.round, WEIGHT_FRACTIONAL_BITS)
        mask = delivery_mask(self.seed, 1, len(weights), bits)
        masked = EncryptedVector.encrypt(
            self._randomizer,
            [value + s for value, s in zip(encoded, mask, strict=True)],
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
        )
        return DeliverTask(
            job_id=1,
            round=opened.round,
            checkpoint=opened.checkpoint,
            delivered=CiphertextVector.of(masked),
            statements=opened.statements,
        )


@pytest.fixture(scope="session")
def secret_key() -> SecretKey:
    return generate_keypair(KEY_BITS, unsafe_small_key=True)


@pytest.fixture
def spec() -> TrainingJobSpec:
    return TrainingJobSpec(
        title="Yield",
        features=(Feature(name="rain", minimum=0, maximum=100, unit="mm"),),
        target=Feature(name="yield", minimum=0, maximum=10, unit="t"),
        rounds=4,
        evaluate_every=2,
        deposit_wei=1_000_000,
        start_by=int(NOW) + 100,
        finish_by=int(NOW) + 1000,
        role_seed=7,
    )


@pytest.fixture
def job(spec: TrainingJobSpec) -> PostedJob:
    return PostedJob(id="a" * 32, spec=spec, key_bits=KEY_BITS, created_at=NOW)


@pytest.fixture
def account() -> LocalAccount:
    return Account.from_key("0x" + "44" * 32)


@pytest.fixture
def validators() -> list[LocalAccount]:
    return [Account.from_key("0x" + digit * 64) for digit in "56"]


@pytest.fixture
def trainer() -> str:
    return str(Account.from_key("0x" + "77" * 32).address)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain(database: Database, validators: list[LocalAccount], trainer: str) -> FakeChain:
    return FakeChain(database, trainers=(trainer,), validators=tuple(one.address for one in validators))


@pytest.fixture
def aggregator() -> FakeAggregator:
    return FakeAggregator()


@pytest.fixture(scope="session")
def signed_in_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A migrated database with the user admin, and the token of a session; copied for each test, since both take long."""
    folder = tmp_path_factory.mktemp("template")
    database = create_database(f"sqlite:///{folder}/buyer.sqlite3")
    migrate(database, MIGRATIONS)
    authenticator = Authenticator(database, AUTHENTICATION, clock=lambda: NOW)
    authenticator.ensure_admin("correct horse", folder)
    token = authenticator.sign_in("admin", "correct horse").token
    # Closing the last connection puts the write-ahead log into the file.
    database.dispose()
    return folder / "buyer.sqlite3", token


@pytest.fixture
def database(tmp_path: Path, signed_in_template: tuple[Path, str]) -> Iterator[Database]:
    shutil.copy(signed_in_template[0], tmp_path / "buyer.sqlite3")
    database = create_database(f"sqlite:///{tmp_path}/buyer.sqlite3")
    yield database
    database.dispose()


@pytest.fixture
def buyer(
    database: Database, chain: FakeChain, aggregator: FakeAggregator, account: LocalAccount, clock: Clock
) -> Buyer:
    vault = KeyVault("a password", SqlVaultHeaders(database), cost=2**10, unsafe_small_key=True)
    return Buyer(
        unit_of_work=partial(unit_of_work, database),
        snapshot=partial(snapshot, database),
        chain=chain,
        aggregator=aggregator,
        vault=vault,
        account=account,
        follow=lambda: None,
        chain_clock=clock,
        unsafe_small_key=True,
        clock=clock,
    )


@pytest.fixture
def tasks(spec: TrainingJobSpec, secret_key: SecretKey, validators: list[LocalAccount]) -> Tasks:
    return Tasks(spec, secret_key.public_key, validators)


@pytest.fixture
def running_job(
    buyer: Buyer, job: PostedJob, secret_key: SecretKey, chain: FakeChain, aggregator: FakeAggregator
) -> PostedJob:
    """Job number 1, offered and started, under `secret_key`."""
    key = JobKey(int(secret_key.public_key.n), ("0x1",), buyer.vault.seal(secret_key, job.id))
    running = replace(job, key=key, chain_job_id=1, stage=Stage.OFFERED)
    with buyer.unit_of_work() as repository:
        repository.add(running)
    chain.put(running, JobState.RUNNING)
    aggregator.views[1] = {"job_id": 1, "state": "running", "growth": 1.0, "owners": []}
    return running


@dataclass
class World:
    """Everything around job number 1 while it is in training."""

    buyer: Buyer
    chain: FakeChain
    aggregator: FakeAggregator
    clock: Clock
    database: Database
    job: PostedJob
    tasks: Tasks


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    names = {"job": "running_job"}
    return World(**{field: request.getfixturevalue(names.get(field, field)) for field in World.__annotations__})


@pytest.fixture
def config(tmp_path: Path) -> BuyerConfig:
    options = {
        "state_dir": tmp_path,
        "aggregator_url": "http://127.0.0.1:9",
        "eth_rpc_url": "http://127.0.0.1:9",
        "contract_address": CONTRACT,
        "key_bits": KEY_BITS,
        "unsafe_small_key": True,
    }
    environment = {"DELTAML_KEYSTORE_PASSWORD": "a password", "DELTAML_ADMIN_PASSWORD": "correct horse"}
    return BuyerConfig.read(options, environment)


@pytest.fixture
def parts(config: BuyerConfig, database: Database, account: LocalAccount, clock: Clock, chain: FakeChain) -> Assembly:
    parts = Assembly(config, database, account, clock=clock)
    # The chain in memory takes the place of a node; the aggregator is not there, as in an outage.
    parts.__dict__["chain"] = chain
    return parts
