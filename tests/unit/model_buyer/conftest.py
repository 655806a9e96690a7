"""A buyer with a real database, a real vault and a real key; chain and aggregator are hand-written stand-ins in memory."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from commons.chain.jobs import JobState
from commons.chain.signing import SigningDomain, sign_declaration, sign_message
from commons.ciphers.masks import delivery_mask
from commons.ciphers.paillier import EncryptedVector, PublicKey, Randomizer, SecretKey, encode, generate_keypair, pack
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import (
    DeliverTask,
    MaskedResiduals,
    OpenTask,
    SquareResult,
    SquareTask,
    ValidatorResiduals,
    ValidatorSquares,
    ValidatorStatement,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS, NumericPlan
from commons.computations.linear_regression.spec import Feature, TrainingJobSpec
from commons.computations.linear_regression.statements import candidates_digest, evaluation_digest, statement_digest
from commons.market.declaration import Declaration
from commons.market.roles import Role, draw_roles
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from model_buyer.adapters.repository import SqlVaultHeaders, snapshot, unit_of_work
from model_buyer.adapters.tables import AUTHENTICATION
from model_buyer.adapters.vault import KeyVault
from model_buyer.config import BuyerConfig
from model_buyer.domain.posted_job import JobKey, PostedJob, Stage
from model_buyer.serve import MIGRATIONS
from model_buyer.services.answer_task import TaskAnswerer
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
ROWS = 10


@dataclass
class Tasks:
    """Makes the tasks that an honest aggregator and honest validators would make for job number 1.

    The validators' masked residuals are zero, so that their corrections are the errors that a test chooses.
    """

    spec: TrainingJobSpec
    key: PublicKey
    trainer: LocalAccount
    validators: list[LocalAccount]
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        self._randomizer = Randomizer(self.key)
        self.plan = NumericPlan(self.spec, self.key.bits)
        self.candidate_digests = [keccak(b"global"), keccak(b"without trainer")]

    @property
    def context(self) -> JobContext:
        return JobContext(
            chain_id=1337,
            contract=CONTRACT,
            job_id=1,
            key=self.key,
            plan=self.plan,
            trainers=(self.trainer.address,),
            validators=tuple(one.address for one in self.validators),
            row_counts={one.address: ROWS for one in (self.trainer, *self.validators)},
        )

    @property
    def candidates_digest(self) -> str:
        return "0x" + candidates_digest(self.candidate_digests).hex()

    def vector(self, values: list[float], fractional_bits: int) -> EncryptedVector:
        encoded = encode(values, fractional_bits)
        return EncryptedVector.encrypt(self._randomizer, encoded, fractional_bits=fractional_bits)

    def residuals(self, validator: LocalAccount, checkpoint: int, sse: list[float]) -> ValidatorResiduals:
        number, bits = self.spec.round_of(checkpoint), self.plan.residual_fractional_bits
        zero = self.vector([0.0] * self.spec.n_weights, bits)
        slots = (self.plan.residual_slot_bits(number, ROWS), self.plan.scaled_residual_slot_bits(number, ROWS))
        masked = []
        for _ in sse:
            plain, scaled = (
                PackedCiphertexts.of(pack(zero, slot_bits=slot).rerandomize(self._randomizer)) for slot in slots
            )
            masked.append(MaskedResiduals(residuals=plain, scaled_residuals=scaled))
        corrections = self.vector(sse, self.plan.sse_fractional_bits)
        digest = evaluation_digest(
            place=self.context.place(number, checkpoint),
            row_count=ROWS,
            candidates=candidates_digest(self.candidate_digests),
            masked=[one.digest() for pair in masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=corrections.digest(),
        )
        return ValidatorResiduals(
            validator=validator.address,
            candidates_digest=self.candidates_digest,
            masked=tuple(masked),
            corrections=CiphertextVector.of(corrections),
            signature="0x" + sign_message(validator, digest).hex(),
        )

    def square(self, checkpoint: int, sse: list[float]) -> SquareTask:
        """The residuals of models whose errors, over all validators, are these."""
        share = [value / len(self.validators) for value in sse]
        residuals = tuple(self.residuals(validator, checkpoint, share) for validator in self.validators)
        place = {"round": self.spec.round_of(checkpoint), "checkpoint": checkpoint}
        return SquareTask(job_id=1, **place, validators=residuals)

    def statement(self, asked: ValidatorResiduals, squared: ValidatorSquares, checkpoint: int) -> ValidatorStatement:
        validator = next(one for one in self.validators if one.address == asked.validator)
        form = {"count": len(asked.masked), "fractional_bits": self.plan.sse_fractional_bits, "bound": 1}
        squares, corrections = (one.to_vector(self.key, **form) for one in (squared.squares, asked.corrections))
        sse, zero_check = squares + corrections, self.vector([0.0], self.plan.sse_fractional_bits)
        unsigned = ValidatorStatement(
            validator=validator.address,
            candidates_digest=self.candidates_digest,
            sse=CiphertextVector.of(sse),
            zero_check=CiphertextVector.of(zero_check),
            signature="0x",
        )
        return self.signed(unsigned, validator, checkpoint)

    def signed(self, statement: ValidatorStatement, account: LocalAccount, checkpoint: int) -> ValidatorStatement:
        digest = statement_digest(
            place=self.context.place(self.spec.round_of(checkpoint), checkpoint),
            row_count=ROWS,
            candidates=bytes.fromhex(statement.candidates_digest[2:]),
            sse=statement.sse.digest(),
            zero_check=statement.zero_check.digest(),
        )
        return statement.model_copy(update={"signature": "0x" + sign_message(account, digest).hex()})

    def opening(self, asked: SquareTask, squared: SquareResult) -> OpenTask:
        """The statements of the validators whose residuals were squared."""
        statements = tuple(
            self.statement(one, squares, asked.checkpoint)
            for one, squares in zip(asked.validators, squared.validators, strict=True)
            if squares.squares is not None
        )
        return OpenTask(job_id=1, round=asked.round, checkpoint=asked.checkpoint, statements=statements)

    def open(self, answerer: TaskAnswerer, checkpoint: int, sse: list[float]) -> OpenTask:
        """Have the residuals squared; returns what is asked next."""
        asked = self.square(checkpoint, sse)
        return self.opening(asked, answerer.answer(asked))

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
def validators(spec: TrainingJobSpec, trainer: LocalAccount) -> list[LocalAccount]:
    """In the order in which the job's seed draws them."""
    accounts = {str(one.address): one for one in (Account.from_key("0x" + digit * 64) for digit in "56")}
    allowed = {trainer.address: Role.TRAINER} | dict.fromkeys(accounts, Role.VALIDATOR)
    return [accounts[address] for address in draw_roles(allowed, spec.role_seed).validators]


@pytest.fixture
def trainer() -> LocalAccount:
    return Account.from_key("0x" + "77" * 32)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain(database: Database, validators: list[LocalAccount], trainer: LocalAccount) -> FakeChain:
    return FakeChain(database, trainers=(trainer.address,), validators=tuple(one.address for one in validators))


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
def tasks(spec: TrainingJobSpec, secret_key: SecretKey, trainer: LocalAccount, validators: list[LocalAccount]) -> Tasks:
    return Tasks(spec, secret_key.public_key, trainer, validators)


@pytest.fixture
def declared(trainer: LocalAccount, validators: list[LocalAccount]) -> Callable[..., list[dict[str, Any]]]:
    """The owners of job number 1 as its view shows them, with what they declared."""

    def owners(growth: float = 1.0) -> list[dict[str, Any]]:
        shown = []
        for account in (trainer, *validators):
            declaration = Declaration(row_count=ROWS, growth=growth, roles=1 if account is trainer else 2)
            signature = sign_declaration(account, SigningDomain(1337, CONTRACT), 1, declaration.digest())
            shown.append(
                {
                    "address": account.address,
                    **declaration.model_dump(),
                    "declaration_signature": "0x" + signature.hex(),
                }
            )
        return shown

    return owners


@pytest.fixture
def running_job(
    *,
    buyer: Buyer,
    job: PostedJob,
    secret_key: SecretKey,
    chain: FakeChain,
    aggregator: FakeAggregator,
    declared: Callable[..., list[dict[str, Any]]],
) -> PostedJob:
    """Job number 1, offered and started, under `secret_key`."""
    key = JobKey(int(secret_key.public_key.n), ("0x1",), buyer.vault.seal(secret_key, job.id))
    running = replace(job, key=key, chain_job_id=1, stage=Stage.OFFERED)
    with buyer.unit_of_work() as repository:
        repository.add(running)
    chain.put(running, JobState.RUNNING)
    aggregator.views[1] = {"job_id": 1, "state": "running", "owners": declared()}
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
