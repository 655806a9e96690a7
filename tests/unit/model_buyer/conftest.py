"""A buyer with a real database, a real vault and a real key; chain and aggregator are hand-written stand-ins in memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.jobs import JobState
from commons.chain.signing import SigningDomain, sign_declaration
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, SecretKey
from commons.computations.linear_regression.spec import Feature
from commons.computations.registry import JobSpec
from commons.market.declaration import Declaration
from commons.market.roles import Role, draw_roles
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate
from commons.web.authentication import Authenticator
from model_buyer.config import BuyerConfig
from model_buyer.domain.stages import Stage
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.buyer import Buyer
from model_buyer.services.key_vault import KeyVault
from model_buyer.tables import AUTHENTICATION, Job, db
from model_buyer.wiring import MIGRATIONS, Parts, assemble
from tests.doubles.around_buyer import CONTRACT, NOW, Clock, FakeAggregator, FakeChain, job_row, put_job
from tests.doubles.buyer_tasks import ROWS, Tasks
from tests.doubles.job_specs import job_spec
from tests.support.worthless_keys import worthless_key

KEY_BITS = 1024


@pytest.fixture(scope="session")
def secret_key() -> SecretKey:
    return worthless_key(KEY_BITS)


@pytest.fixture
def spec() -> JobSpec:
    return job_spec(
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
def job(spec: JobSpec) -> Job:
    """A draft that is not stored yet."""
    return job_row(spec, key_bits=KEY_BITS)


@pytest.fixture
def account() -> LocalAccount:
    return Account.from_key("0x" + "44" * 32)


@pytest.fixture
def validators(spec: JobSpec, trainer: LocalAccount) -> list[LocalAccount]:
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
    database = create_database(f"sqlite:///{folder}/buyer.sqlite3", db)
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
    database = create_database(f"sqlite:///{tmp_path}/buyer.sqlite3", db)
    yield database
    database.dispose()


@pytest.fixture
def buyer(
    database: Database, chain: FakeChain, aggregator: FakeAggregator, account: LocalAccount, clock: Clock
) -> Buyer:
    return Buyer(
        database=database,
        chain=chain,
        aggregator=aggregator,
        vault=KeyVault("a password", database, cost=2**10, key_policy=UNSAFE_SMALL_KEYS),
        account=account,
        key_bits=KEY_BITS,
        follow=lambda: None,
        chain_clock=clock,
        clock=clock,
        key_policy=UNSAFE_SMALL_KEYS,
    )


@pytest.fixture
def tasks(spec: JobSpec, secret_key: SecretKey, trainer: LocalAccount, validators: list[LocalAccount]) -> Tasks:
    return Tasks(spec.computation, secret_key.public_key, trainer, validators)


@pytest.fixture
def declared(trainer: LocalAccount, validators: list[LocalAccount]) -> Callable[..., list[dict[str, Any]]]:
    """The owners of job number 1 as its view shows them, with what they declared."""

    def owners(growth: float = 1.0, roles: int | None = None) -> list[dict[str, Any]]:
        shown = []
        for account in (trainer, *validators):
            declaration = Declaration(
                row_count=ROWS, facts={"growth": growth}, roles=roles or (1 if account is trainer else 2)
            )
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
    spec: JobSpec,
    secret_key: SecretKey,
    chain: FakeChain,
    aggregator: FakeAggregator,
    declared: Callable[..., list[dict[str, Any]]],
) -> Job:
    """Job number 1, offered and started, under `secret_key`."""
    running = job_row(spec, key_bits=KEY_BITS, chain_job_id=1, stage=Stage.OFFERED)
    running.modulus, running.modulus_proof = hex(int(secret_key.public_key.n)), ["0x1"]
    running.sealed_secret = buyer.vault.seal(secret_key, running.id)
    put_job(buyer.database, running)
    chain.put(running, JobState.RUNNING)
    aggregator.views[1] = {"job_id": 1, "state": "running", "owners": declared()}
    return running


@pytest.fixture
def answerer(buyer: Buyer, running_job: Job) -> TaskAnswerer:
    """For job number 1."""
    return TaskAnswerer(buyer)


@dataclass
class World:
    """Everything around job number 1 while it is in training."""

    buyer: Buyer
    chain: FakeChain
    aggregator: FakeAggregator
    clock: Clock
    database: Database
    job: Job
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
def parts(config: BuyerConfig, database: Database, account: LocalAccount, clock: Clock, chain: FakeChain) -> Parts:
    """The chain in memory takes the place of a node; the aggregator is not there, as in an outage."""
    made = assemble(config, account, database, clock=clock)
    return replace(made, buyer=replace(made.buyer, chain=chain))
