"""A market for tests: it drives any computation through its parts as the services do, in one process and without a database.

What travels is JSON text. Values are kept by name, tasks are filled in from them when they are handed out and parsed by their
type, and so are answers. Everybody gets each question once; a task that is asked again gets the answer that was given.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from pydantic import Field, TypeAdapter

from commons.chain.signing import SigningDomain, recover_checkpoint, recover_message, sign_checkpoint, sign_message
from commons.ciphers.masks import draw_seed
from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.base import Computation, Outcome
from commons.computations.job_facts import ComputationSpec, StartedJob
from commons.computations.parts import (
    AggregatorJob,
    Answer,
    Ask,
    AskedBefore,
    OpenedScore,
    OwnerSecrets,
    Question,
    Score,
    SignedDelivery,
    Turn,
    Value,
)
from commons.errors import DeltaMLError, ProtocolViolation
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms
from commons.market.tasks import Step, task_digest
from commons.tables.table import Table

CHAIN_ID = 1337
CONTRACT = "0x" + "c0" * 20
DOMAIN = SigningDomain(CHAIN_ID, CONTRACT)
JOB_ID = 7


@dataclass(frozen=True)
class Member:
    """A data owner: its account, its table, and what it declared."""

    account: LocalAccount
    table: Table
    declaration: Declaration

    @property
    def address(self) -> str:
        return str(self.account.address)


@dataclass(frozen=True)
class Message:
    """What somebody was sent, or sent, as it travelled."""

    participant: str
    kind: str
    text: str
    is_answer: bool


@dataclass
class StoredValues:
    """The values of a job by name."""

    stored: dict[str, Value] = field(default_factory=dict)

    def get(self, name: str, load: Callable[[str], Any]) -> Any:
        value = self.stored[name]
        return load(value.text) if value.loaded is None else value.loaded

    def keep(self, turn: Turn) -> None:
        self.stored.update(turn.values)
        for name in turn.forget:
            del self.stored[name]


class InMemoryMarket:
    """One job with all its parties.

    Args:
        computation: the kind.
        terms, spec: the job.
        secret_key: the buyer's.
        tables: one for each member, in the order of trainers, then validators.
        consents: that each member agrees to.
        accounts: of the members; new ones if not given.
        job_id: its number.
        randomizer: under the buyer's key; making one takes a while.

    Attributes:
        started: the public facts.
        values: of the job.
        messages: all that travelled.
        refused: answers that the aggregator did not take: (participant, kind, error).
        scores: recorded, the delivery last.
        delivery: what the buyer keeps of it.
        failure: why the computation could not go on.
        buyers_end: why the buyer answers nothing more, if it said so.
    """

    def __init__(
        self,
        computation: Computation[Any],
        terms: JobTerms,
        spec: ComputationSpec,
        secret_key: SecretKey,
        tables: Sequence[Table],
        *,
        consents: Sequence[str] = (),
        accounts: Sequence[LocalAccount] = (),
        job_id: int = JOB_ID,
        randomizer: Randomizer | None = None,
    ) -> None:
        key = secret_key.public_key
        self.computation, self.secret_key = computation, secret_key
        accounts = accounts or [Account.create() for _ in tables]
        self.members = [
            Member(account, table, _declare(computation, terms, spec, key.bits, table=table, consents=consents))
            for account, table in zip(accounts, tables, strict=True)
        ]
        self.buyer_account = Account.create()
        addresses = tuple(member.address for member in self.members)
        trainers = computation.roles.n_trainers(len(addresses))
        self.started = StartedJob(
            chain_id=CHAIN_ID,
            contract=CONTRACT,
            job_id=job_id,
            terms=terms,
            spec=spec,
            key=key,
            trainers=addresses[:trainers],
            validators=addresses[trainers:],
            declarations={member.address: member.declaration for member in self.members},
        )
        self.seed = draw_seed()
        self.values, self.messages = StoredValues(), list[Message]()
        self.refused: list[tuple[str, str, DeltaMLError]] = []
        self.out: dict[str, str] = {}
        self.scores: list[Score] = []
        self.delivery: SignedDelivery | None = None
        self.failure: str | None = None
        self.buyers_end: str | None = None
        self._part = computation.aggregator()
        self.randomizer = randomizer or Randomizer(key)
        self._task = TypeAdapter(Annotated[_union(computation.tasks), Field(discriminator="kind")])
        self._result = TypeAdapter(Annotated[_union(computation.results), Field(discriminator="kind")])
        self._owners: dict[str, _Owner] = {}
        self._buyer: _Buyer | None = None
        self._last_answered: dict[str, dict[str, int]] = {}

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.started.owners

    @property
    def buyer_address(self) -> str:
        return str(self.buyer_account.address)

    def owner(self, address: str) -> _Owner:
        """A member's side, made when it is first needed."""
        if address not in self._owners:
            member = next(one for one in self.members if one.address == address)
            self._owners[address] = _Owner(self, member)
        return self._owners[address]

    def buyer(self) -> _Buyer:
        """The buyer's side, made when it is first needed."""
        if self._buyer is None:
            self._buyer = _Buyer(self)
        return self._buyer

    def aggregator_job(self) -> AggregatorJob[Any]:
        """The job as the aggregator's part gets it now."""
        return AggregatorJob(
            started=self.started,
            buyer=self.buyer_address,
            values=self.values,
            scores=lambda: [score.statement for score in self.scores],
            out=lambda: frozenset(self.out),
            randomizer=self.randomizer,
            delivery_seed=self.seed,
            last_answered=lambda kind: self._last_answered.get(kind, {}),
            recover_message=recover_message,
            recover_checkpoint=lambda statement, signature: recover_checkpoint(DOMAIN, statement, signature),
        )

    def run(
        self,
        *,
        missing: Callable[[str, str], bool] = lambda _address, _kind: False,
        change_result: Callable[[str, Any], Any] = lambda _address, result: result,
        change_turn: Callable[[Turn], Turn] = lambda turn: turn,
    ) -> None:
        """Go through all steps, until the computation is done or fails.

        Args:
            missing: (participant, kind of task) → whether it gives no answer.
            change_result: (participant, answer) → what it sends instead.
            change_turn: what a dishonest aggregator makes of a turn.

        Raises:
            AssertionError: a step waits for more answers than are given.
            DeltaMLError: the buyer refuses a task.
        """
        turn = self._keep(change_turn(self._part.start(self.aggregator_job())))
        while turn.step is not None and self.failure is None:
            step = turn.step
            answers, unanswered = self._answers(step, missing, change_result)
            needed = self._part.quorum(self.aggregator_job(), step)
            assert not unanswered or len(answers) >= needed, f"{step.kind} waits: {len(answers)} of {needed}"
            turn = self._keep(change_turn(self._part.aggregate(self.aggregator_job(), step, answers, unanswered)))
            for ask in turn.asks:
                self.answer_of(step, ask)

    def outcome(self) -> Outcome:
        """What the buyer gets when the seed is out."""
        assert self.delivery is not None, "nothing was delivered"
        return self.computation.outcome(self.started, self.secret_key, self.delivery, self.seed)

    def body(self, step: Step, ask: Ask) -> str:
        """A task as it is fetched, with the values that it refers to."""
        head = {"kind": ask.kind, "job_id": self.started.job_id, "round": step.round, "checkpoint": step.checkpoint}
        filled = {name: json.loads(self.values.stored[value].text) for name, value in ask.refers_to.items()}
        return json.dumps({**head, **ask.fields, **filled})

    def task(self, text: str) -> Any:
        return self._task.validate_json(text)

    def answer_of(self, step: Step, ask: Ask) -> Any:
        """Ask a participant, and parse what it answers."""
        text = self.body(step, ask)
        self.messages.append(Message(ask.assignee, ask.kind, text, is_answer=False))
        side = self.buyer() if ask.assignee == self.buyer_address else self.owner(ask.assignee)
        answered: str = side.answer(self.task(text)).model_dump_json()
        self.messages.append(Message(ask.assignee, ask.kind, answered, is_answer=True))
        return self._result.validate_json(answered)

    def _answers(
        self, step: Step, missing: Callable[[str, str], bool], change_result: Callable[[str, Any], Any]
    ) -> tuple[dict[str, Answer], dict[str, str | None]]:
        answers: dict[str, Answer] = {}
        unanswered: dict[str, str | None] = {}
        for ask in self._part.configure(self.aggregator_job(), step):
            if missing(ask.assignee, ask.kind):
                unanswered[ask.assignee] = None
                continue
            result = change_result(ask.assignee, self.answer_of(step, ask))
            try:
                checked = self._part.check(self.aggregator_job(), step, ask, result)
            except DeltaMLError as error:
                self.refused.append((ask.assignee, ask.kind, error))
                unanswered[ask.assignee] = None
                continue
            answers[ask.assignee] = Answer(ask, result, checked)
            self._last_answered.setdefault(ask.kind, {})[ask.assignee] = step.round
        return answers, unanswered

    def _keep(self, turn: Turn) -> Turn:
        self.failure = turn.failure
        if turn.failure is None:
            self.values.keep(turn)
            self.out.update(turn.out)
            self.scores += [*turn.scores, *([turn.delivery] if turn.delivery is not None else [])]
        return turn


class _Owner:
    """A data owner's service: it keeps what it answered."""

    def __init__(self, market: InMemoryMarket, member: Member) -> None:
        secret = OwnerSecrets(
            address=member.address,
            mask_secret=secrets.token_bytes(32),
            sign=lambda digest: sign_message(member.account, digest),
            recover=recover_message,
        )
        self.part = market.computation.owner(market.started, secret, member.table, market.randomizer)
        self._kept: dict[tuple[str, int, int], tuple[bytes, Any]] = {}
        self._latest: dict[str, AskedBefore] = {}
        self._results: dict[str, Any] = {}

    def answer(self, task: Any) -> Any:
        place, digest = (task.kind, task.round, task.checkpoint), task_digest(task)
        if place in self._kept:
            return _repeated(self._kept[place], digest)
        self.part.require_next(task, self._latest)
        result = self.part.answer(task, self._results.__getitem__)
        self._kept[place] = (digest, result)
        self._latest[task.kind] = AskedBefore(task.round, task.checkpoint, digest)
        self._results[task.kind] = result
        return result


class _Buyer:
    """The model buyer's service: it keeps what it answered, and nothing more is answered after a delivery."""

    def __init__(self, market: InMemoryMarket) -> None:
        self._market = market
        self.part = market.computation.buyer(
            market.started,
            market.secret_key,
            lambda statement: sign_checkpoint(market.buyer_account, DOMAIN, statement),
            recover_message,
        )
        self.questions: list[Question] = []
        self.scores: list[OpenedScore] = []
        self._kept: dict[tuple[str, int, int], tuple[bytes, Any]] = {}

    def answer(self, task: Any) -> Any:
        place, digest = (task.kind, task.round, task.checkpoint), task_digest(task)
        if place in self._kept:
            return _repeated(self._kept[place], digest)
        if self._market.delivery is not None or self._market.buyers_end is not None:
            raise ProtocolViolation("the buyer answers nothing more in this job")
        self.part.require_next(task, self.questions, self.scores)
        answer = self.part.answer(task, self.questions, self.scores)
        self._kept[place] = (digest, answer.result)
        self.questions.append(Question(task.kind, task.round, task.checkpoint, digest, answer.outcome))
        self.scores += answer.scores
        self._market.buyers_end = answer.end
        if answer.delivery is not None:
            # As it is kept: details are JSON.
            details = json.loads(json.dumps(answer.delivery.details))
            self._market.delivery = replace(answer.delivery, details=details)
        return answer.result


def _declare(
    computation: Computation[Any],
    terms: JobTerms,
    spec: ComputationSpec,
    key_bits: int,
    *,
    table: Table,
    consents: Sequence[str],
) -> Declaration:
    """What an owner with this table signs for when it accepts."""
    row_count, facts = computation.declare(terms, spec, key_bits, table, consents)
    return Declaration.model_validate({"row_count": row_count, "roles": 3, "facts": facts})


def _repeated(kept: tuple[bytes, Any], digest: bytes) -> Any:
    if kept[0] != digest:
        raise ProtocolViolation("asked before with other contents; each question is answered once")
    return kept[1]


def _union(types: Sequence[type]) -> Any:
    joined: Any = types[0]
    for one in types[1:]:
        joined |= one
    return joined
