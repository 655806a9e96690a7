"""An aggregator on a real database with real participants; only the chain is a stand-in, written out below."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.chain.jobs import JobOnChain, JobState, JobTerms
from commons.chain.signing import recover_message, sign_acceptance, sign_checkpoint, sign_declaration
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, Randomizer, SecretKey
from commons.computations.linear_regression.checkpoint import CheckpointValues
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.key_holder import KeyHolder
from commons.computations.linear_regression.messages import (
    DeliverResult,
    DeliverTask,
    EvaluateResult,
    EvaluateTask,
    OpenResult,
    OpenTask,
    RefreshTask,
    SquareTask,
    TaskKind,
    TrainTask,
    UnmaskTask,
    VerifyTask,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS, NumericPlan, declared_growth
from commons.computations.registry import TASK, AnyTask, JobSpec
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.storage.database import Database, create_database
from federated_aggregator.services.recruiting import AcceptanceOffer, Posting, acceptance_terms
from federated_aggregator.tables import Base, db
from federated_aggregator.wiring import Parts, assemble
from tests.doubles.around_aggregator import JOB_ID, Clock, FakeChain
from tests.support.worthless_keys import worthless_proof

EITHER = 3


class Play:
    """One job and everybody who takes part in it, as far as the aggregator can tell them from the real ones."""

    def __init__(
        self,
        database_url: str,
        *,
        key: SecretKey,
        proof: list[str],
        randomizer: Randomizer,
        owners: list[Any],
        spec: JobSpec,
    ) -> None:
        self.database_url, self.key, self.proof, self.randomizer = database_url, key, proof, randomizer
        self.clock = Clock()
        self.chain = FakeChain(clock=self.clock)
        self.buyer_account: LocalAccount = Account.create()
        self.owners = {owner.address: owner for owner in owners}
        self.spec = spec
        self.database: Database = create_database(database_url, db)
        Base.metadata.create_all(self.database.engine)
        self.aggregator = self.assemble()
        self.answered: list[tuple[str, AnyTask]] = []
        self.evaluated: dict[tuple[str, int], EvaluateResult] = {}
        self._holder: KeyHolder | None = None
        terms = JobTerms(
            aggregator=self.chain.address,
            spec_digest=spec.digest(),
            key_digest=key.public_key.digest(),
            start_by=spec.start_by,
            finish_by=spec.finish_by,
            **spec.pay.model_dump(),
        )
        job = JobOnChain(
            job_id=JOB_ID,
            terms=terms,
            buyer=self.buyer,
            state=JobState.POSTED,
            deposit_wei=spec.deposit_wei,
            last_recorded=False,
            checkpoint_count=0,
            initial_mse_fixed=0,
            latest_mse_fixed=0,
            seed_hash=bytes(32),
            delivery_digest=bytes(32),
        )
        self.chain.post(JOB_ID, job)

    @property
    def buyer(self) -> str:
        return str(self.buyer_account.address)

    def assemble(self) -> Parts:
        return assemble(self.database, self.chain, key_policy=UNSAFE_SMALL_KEYS, clock=self.clock)

    def restart(self) -> None:
        """Another process on the same database."""
        self.database.dispose()
        self.database = create_database(self.database_url, db)
        self.aggregator = self.assemble()

    def fork(self, path: Path) -> Play:
        """The same job on a database of its own, to go on from here in another way."""
        self.database.dispose()
        path.write_bytes(Path(self.database.engine.url.database or "").read_bytes())
        other = copy.copy(self)
        other.clock, other.chain = copy.copy(self.clock), copy.deepcopy(self.chain)
        other.chain.clock = other.clock
        other.answered, other.evaluated = [*self.answered], {**self.evaluated}
        other.database_url = f"sqlite:///{path}"
        other.restart()
        return other

    # -- recruiting

    def posting(self, **changes: Any) -> Posting:
        return replace(Posting(JOB_ID, self.spec, hex(self.key.public_key.n), self.proof), **changes)

    def post(self) -> None:
        self.aggregator.recruiting.post(self.buyer, self.posting())

    def offer(self, owner: Any, **changes: Any) -> AcceptanceOffer:
        roles = changes.get("roles", EITHER)
        terms = acceptance_terms(self.spec, self.key.public_key, job_id=JOB_ID, owner=owner.address, roles=roles)
        growth = changes.get("growth", declared_growth(owner.step(self.spec.computation).spectral_norm))
        declaration = Declaration(
            row_count=changes.get("row_count", len(owner.y)), roles=roles, facts={"growth": growth}
        )
        honest = AcceptanceOffer(
            declaration=declaration,
            deadline=self.spec.finish_by,
            signature=sign_acceptance(owner.account, self.chain.domain, terms),
            declaration_signature=sign_declaration(owner.account, self.chain.domain, JOB_ID, declaration.digest()),
        )
        of_offer = {name: value for name, value in changes.items() if name not in ("roles", "growth", "row_count")}
        return replace(honest, **of_offer)

    def accept(self, owner: Any, **changes: Any) -> None:
        self.aggregator.recruiting.accept(owner.address, JOB_ID, self.offer(owner, **changes))

    def start(self) -> None:
        """Post, accept with everybody, and let the chain start the job."""
        self.post()
        for owner in self.owners.values():
            self.accept(owner)
        self.chain.mine("start")
        self.follow()

    def follow(self, after_s: float = 0.0) -> None:
        """One pass over the chain, `after_s` seconds later."""
        self.clock.now += after_s
        self.aggregator.settlement.step()

    # -- what everybody sees

    def view(self) -> dict[str, Any]:
        return self.aggregator.views.view(JOB_ID)

    def members(self, role: str) -> list[Any]:
        return [self.owners[one["address"]] for one in self.view()["owners"] if one["role"] == role]

    @property
    def context(self) -> JobContext:
        owners = self.view()["owners"]
        addresses = {
            role: tuple(one["address"] for one in owners if one["role"] == role) for role in ("trainer", "validator")
        }
        members = [one for one in owners if one["role"] is not None]
        return JobContext(
            chain_id=self.chain.chain_id,
            contract=self.chain.contract_address,
            job_id=JOB_ID,
            key=self.key.public_key,
            plan=NumericPlan(
                self.spec.computation, self.key.public_key.bits, max(one["facts"]["growth"] for one in members)
            ),
            trainers=addresses["trainer"],
            validators=addresses["validator"],
            row_counts={one["address"]: one["row_count"] for one in members},
        )

    # -- tasks

    def pending(self, address: str) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.aggregator.queue.fetch(address, 0)]

    def everybody(self) -> list[str]:
        return [self.buyer, *self.owners]

    def tasks(self, kind: TaskKind) -> list[tuple[str, str, AnyTask]]:
        """(assignee, id, task) of everything of one kind that is pending."""
        return [
            (address, item["task_id"], TASK.validate_python(item["task"]))
            for address in self.everybody()
            for item in self.pending(address)
            if item["task"]["kind"] == kind
        ]

    def answer(self, address: str, task: AnyTask) -> dict[str, Any]:
        """The honest result, as JSON."""
        result = self._buyer_result(task) if address == self.buyer else self._owner_result(self.owners[address], task)
        document: dict[str, Any] = result.model_dump(mode="json")
        return document

    def _owner_result(self, owner: Any, task: AnyTask) -> Any:
        match task:
            case TrainTask():
                return owner.trainer(self.context).train(task, self.randomizer)
            case EvaluateTask():
                place = (owner.address, task.checkpoint)
                if place not in self.evaluated:
                    self.evaluated[place] = owner.validator(self.context).evaluate(task, self.randomizer, owner.sign)
                return self.evaluated[place]
            case UnmaskTask():
                evaluated = self.evaluated[owner.address, task.checkpoint]
                return owner.validator(self.context).unmask(task, evaluated, self.randomizer, owner.sign)
            case VerifyTask():
                return owner.validator(self.context).verify(task, recover_message)
            case _:
                raise AssertionError(f"{task.kind} is not for owners")

    def _buyer_result(self, task: AnyTask) -> Any:
        match task:
            case RefreshTask():
                return self.holder.refresh(task)
            case SquareTask():
                return self.holder.square(task, recover_message).result
            case OpenTask():
                opened = self.holder.open(task, recover_message)
                signature = self.sign(task, opened.values)
                return OpenResult(sums=opened.sums, zero_checks=opened.zero_checks, checkpoint_signature=signature)
            case DeliverTask():
                signature = self.sign(task, self.opened_values(task), self.delivery_digest(task))
                return DeliverResult(checkpoint_signature=signature)
            case _:
                raise AssertionError(f"{task.kind} is not for buyers")

    @property
    def holder(self) -> KeyHolder:
        self._holder = self._holder or KeyHolder(self.context, self.key)
        return self._holder

    def opened_values(self, task: OpenTask | DeliverTask) -> CheckpointValues:
        head = task.model_dump(include={"job_id", "round", "checkpoint"})
        return self.holder.open(OpenTask(**head, statements=task.statements), recover_message).values

    def delivery_digest(self, task: DeliverTask) -> bytes:
        bound = self.context.plan.masked_bound(task.round, WEIGHT_FRACTIONAL_BITS)
        form = {"count": self.spec.computation.n_weights, "fractional_bits": WEIGHT_FRACTIONAL_BITS, "bound": bound}
        return task.delivered.to_vector(self.key.public_key, **form).digest()

    def sign(self, task: AnyTask, values: CheckpointValues, delivery_digest: bytes = bytes(32)) -> str:
        statement = CheckpointStatement(
            job_id=task.job_id,
            index=task.checkpoint,
            round=task.round,
            mse_fixed=values.mse,
            leave_one_out_mses_fixed=values.leave_one_out_mses,
        )
        if any(delivery_digest):
            statement = statement.closing(delivery_digest)
        return "0x" + sign_checkpoint(self.buyer_account, self.chain.domain, statement).hex()

    def submit(self, address: str, task_id: str, result: Any) -> str:
        return str(self.aggregator.scheduler.submit_result(address, task_id, result))

    def answer_all(self, kinds: Iterable[TaskKind] = tuple(TaskKind), *, absent: Iterable[str] = ()) -> int:
        """Everybody but the absent answers what is pending now; returns how many answers there were."""
        count = 0
        for kind in kinds:
            for address, task_id, task in self.tasks(kind):
                if address not in absent:
                    assert self.submit(address, task_id, self.answer(address, task)) == "accepted"
                    self.answered.append((address, task))
                    count += 1
        return count

    def play_until(self, done: Callable[[dict[str, Any]], bool], *, absent: Iterable[str] = ()) -> dict[str, Any]:
        """Answer step by step until the public view is as asked."""
        for _ in range(500):
            view = self.view()
            if done(view):
                return view
            step = TaskKind(view["step"]) if view["step"] else None
            assert step is not None, f"the job is {view['state']}: {view['reason']}"
            assert self.answer_all([step], absent=absent), f"nobody can answer {step}"
        raise AssertionError("the job does not get there")

    def play_to(self, step: str, round_number: int | None = None) -> list[tuple[str, str, AnyTask]]:
        """Play until a step begins; returns its tasks."""
        self.play_until(lambda view: view["step"] == step and (round_number is None or view["round"] == round_number))
        return self.tasks(TaskKind(step))

    def settle(self) -> None:
        """From settling to finished."""
        self.chain.mine("delivery")
        self.follow(after_s=10)
        self.chain.mine("finalize")
        self.follow(after_s=10)


@pytest.fixture(scope="session")
def modulus_proof() -> list[str]:
    """Of `job_secret_key`."""
    return worthless_proof(1024).to_json()


@pytest.fixture(scope="session")
def build_play(
    *,
    job_secret_key: SecretKey,
    job_randomizer: Randomizer,
    modulus_proof: list[str],
    make_owner: Callable[..., Any],
    make_spec: Callable[..., JobSpec],
) -> Callable[..., Play]:
    """A job of four owners (two train, two validate) with two features and range scaling.

    `rows` are those of each owner; other changes are of the specification.
    """

    def build(folder: Path, *, rows: tuple[int, ...] = (8, 11, 7, 9), **changes: Any) -> Play:
        rng = np.random.default_rng(1)
        owners = []
        for m in rows:
            X = np.column_stack([rng.uniform(-1, 1, (m, 2)), np.ones(m)])
            owners.append(make_owner(X, np.clip(X @ [0.5, -0.3, 0.1] + rng.normal(0, 0.05, m), -1, 1)))
        fields = {"rounds": 3, "evaluate_every": 2, "min_owners": len(rows), "task_timeout_s": 60}
        return Play(
            f"sqlite:///{folder}/aggregator.sqlite3",
            key=job_secret_key,
            proof=modulus_proof,
            randomizer=job_randomizer,
            owners=owners,
            spec=make_spec(**fields | changes),
        )

    return build


@pytest.fixture
def make_play(tmp_path: Path, build_play: Callable[..., Play]) -> Callable[..., Play]:
    """A job that is on chain and not yet posted; fields of its specification can be changed."""
    return lambda **changes: build_play(tmp_path, **changes)


@pytest.fixture
def play(make_play: Callable[..., Play]) -> Play:
    return make_play()


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory, build_play: Callable[..., Play]) -> dict[tuple[str, int], Play]:
    """One job kept at the beginning of each of its steps, by step (or state, once it settles) and round."""
    folder = tmp_path_factory.mktemp("stages")
    play, kept = build_play(folder), {}
    play.start()
    while (view := play.view())["state"] == "running":
        place = (view["step"], view["round"])
        kept[place] = play.fork(folder / f"{len(kept)}.sqlite3")
        play.answer_all([TaskKind(view["step"])])
    kept["settling", view["round"]] = play
    return kept


@pytest.fixture
def play_at(tmp_path: Path, stages: dict[tuple[str, int], Play]) -> Callable[..., Play]:
    """The job at the beginning of a step of a round."""
    return lambda step, number: stages[step, number].fork(tmp_path / "fork.sqlite3")
