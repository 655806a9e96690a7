"""Parts of a computation, one for each who takes part in a running job, and the values that pass between them and the market."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from commons.ciphers.paillier import Randomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.job_facts import ParallelMap, RecoverCheckpoint, RecoverSigner, Sign, Spec, StartedJob
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.tasks import Step

Loaded = TypeVar("Loaded")


# ------------------------------------------------------------------------------------------------------- the aggregator's part


@dataclass(frozen=True)
class Ask:
    """Something to ask of one participant.

    Attributes:
        assignee: whom.
        kind: of the task. The step waits for the answers to tasks of its own kind, and for no others.
        fields: of the task's body, as JSON, without those of `refers_to`.
        refers_to: fields of the body whose contents are values of the job, by the names of these. They are filled in when the
            task is fetched, so that what many are asked about is stored once.
        secret: kept with the task and shown to nobody, for `aggregate`.
    """

    assignee: str
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    refers_to: Mapping[str, str] = field(default_factory=dict)
    secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """An answer that `check` has let through.

    Attributes:
        ask: what was asked.
        result: what was answered.
        checked: what `check` made of it.
    """

    ask: Ask
    result: Any
    checked: Any


@dataclass(frozen=True)
class Value:
    """A value of a job.

    Attributes:
        text: as JSON, in which form it is stored and travels.
        loaded: what `Values.get` would make of the text; None when nobody has it at hand.
    """

    text: str = field(repr=False)
    loaded: Any = field(default=None, repr=False)


class Values(Protocol):
    """The values of a job."""

    def get(self, name: str, load: Callable[[str], Loaded]) -> Loaded:
        """The value of that name, made of its JSON text by `load`, or at hand already."""
        ...


@dataclass(frozen=True)
class Score:
    """An evaluation that counts for pay: what the chain records, the buyer's signature, and the loss as people read it."""

    statement: CheckpointStatement
    signature: bytes
    loss: float | None = None


@dataclass(frozen=True)
class Turn:
    """What is made of a step's answers.

    Attributes:
        step: the next one; None when the computation is done and the chain is to pay.
        values: to be kept, by name. A value of the same name is replaced, so nothing that is still asked may refer to it.
        forget: names that nothing needs any more.
        asks: what is asked beside the next step, which does not wait for it; at the place of the step that was answered.
        scores: to be recorded on chain, in this order.
        delivery: the score with the digest of what was delivered, which ends the job.
        out: who takes no further part, for good, and why.
        failure: why the computation cannot go on; the rest counts for nothing then.
    """

    step: Step | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    forget: Sequence[str] = ()
    asks: Sequence[Ask] = ()
    scores: Sequence[Score] = ()
    delivery: Score | None = None
    out: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None


DELIVERED = "delivered"
"""Name of the value that the buyer gets, a `CiphertextVector` under the delivery mask (`commons.market.delivery`)."""

EVIDENCE = "evidence"
"""Name of the value that the buyer may compare the delivery with, shown to it when everybody has been paid; a JSON object."""


@dataclass(frozen=True)
class AggregatorJob(Generic[Spec]):
    """A job as the aggregator's part works on it.

    Attributes:
        started: public facts.
        buyer: address of the model buyer.
        values: what was kept.
        scores: evaluations so far, the first one first; read when called, since few steps need them.
        out: members that take no further part; read when called.
        randomizer: this process's own, under the buyer's key.
        delivery_seed: of the delivery mask; its hash is on chain.
        last_answered: kind of task → for each assignee the latest round in which it answered one in time.
        recover_message, recover_checkpoint: who signed something.
        parallel_map: like `map`.
    """

    started: StartedJob[Spec]
    buyer: str
    values: Values
    scores: Callable[[], Sequence[CheckpointStatement]]
    out: Callable[[], frozenset[str]]
    randomizer: Randomizer
    delivery_seed: bytes = field(repr=False)
    last_answered: Callable[[str], Mapping[str, int]]
    recover_message: RecoverSigner
    recover_checkpoint: RecoverCheckpoint
    parallel_map: ParallelMap = map


class AggregatorPart(ABC, Generic[Spec]):
    """The aggregator's part of a computation; it keeps nothing itself."""

    @abstractmethod
    def start(self, job: AggregatorJob[Spec]) -> Turn:
        """The first step, and what it needs."""

    @abstractmethod
    def configure(self, job: AggregatorJob[Spec], step: Step) -> Sequence[Ask]:
        """Whom to ask what in a step."""

    @abstractmethod
    def check(self, job: AggregatorJob[Spec], step: Step, ask: Ask, result: Any) -> Any:
        """Raise if an answer cannot be used (the task then stays open); return what `aggregate` needs of it."""

    @abstractmethod
    def quorum(self, job: AggregatorJob[Spec], step: Step) -> int:
        """With how many answers a step can be finished when its time is over; with fewer it waits on."""

    @abstractmethod
    def aggregate(
        self, job: AggregatorJob[Spec], step: Step, answers: Mapping[str, Answer], missing: Mapping[str, str | None]
    ) -> Turn:
        """What is made of a step's answers, by assignee in the order of asking, and of who gave none, and why."""

    def remark(self, result: Any) -> str | None:
        """What everybody is to be shown about an answer that no step waits for."""
        return None

    @abstractmethod
    def doing(self, step: Step) -> str:
        """What those who are waited for are doing, for people: "training on their rows"."""


# --------------------------------------------------------------------------------------------------------- the owner's part


@dataclass(frozen=True)
class AskedBefore:
    """The latest task of one kind that an owner answered in a job; `digest` is `commons.market.tasks.task_digest`."""

    round: int
    checkpoint: int
    digest: bytes


@dataclass(frozen=True)
class OwnerSecrets:
    """What an owner takes part with.

    Attributes:
        address: its account.
        mask_secret: 32 secret bytes, drawn for this job and kept.
        sign: signs a digest with the account.
        recover: who signed a digest.
    """

    address: str
    mask_secret: bytes = field(repr=False)
    sign: Sign
    recover: RecoverSigner


class OwnerPart(ABC):
    """One owner's part of one job; it holds what it has read of the owner's rows."""

    @abstractmethod
    def require_next(self, task: Any, latest: Mapping[str, AskedBefore]) -> None:
        """Raise ProtocolViolation unless a task follows what was answered so far, by kind; repeated ones do not come here."""

    @abstractmethod
    def answer(self, task: Any, earlier: Callable[[str], Any]) -> Any:
        """The answer to a task.

        Args:
            task: of a kind that this computation asks owners.
            earlier: kind → the latest answer that was given to a task of it.

        Raises:
            ProtocolViolation: it is not for this owner's role, or breaks the protocol.
        """

    def notice(self, task: Any) -> str:
        """What this owner is to be shown about a task that it answers; empty when there is nothing to say."""
        return ""

    @abstractmethod
    def prepare(self, count: int) -> bool:
        """Do a little of what the next tasks will need, keeping up to `count` random factors; say whether there was any."""


# ---------------------------------------------------------------------------------------------------------- the buyer's part


@dataclass(frozen=True)
class Question:
    """A task that the buyer answered; `outcome` is what the next ones must agree with, as JSON, in the kind's own form."""

    kind: str
    round: int
    checkpoint: int
    digest: bytes
    outcome: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenedScore:
    """A score as its buyer keeps it; `details` are the kind's own, as JSON."""

    statement: CheckpointStatement
    loss: float | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SignedDelivery:
    """What was handed over under the delivery mask, and the buyer's signature on the score that is over it.

    Attributes:
        delivered: kept by the buyer, so that the result needs nobody once the seed is on chain.
        statement: with `last` and the digest of `delivered`.
        details: the kind's own, as JSON.
    """

    delivered: CiphertextVector = field(repr=False)
    statement: CheckpointStatement
    signature: bytes
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BuyerAnswer:
    """An answer of the buyer's.

    Attributes:
        result: what is sent.
        outcome: of the `Question`.
        scores: that it signed with this answer.
        delivery: that it signed for; nothing else is answered in the job then.
        end: why the buyer's part ends with this answer, if it does.
    """

    result: Any
    outcome: Mapping[str, Any] = field(default_factory=dict)
    scores: Sequence[OpenedScore] = ()
    delivery: SignedDelivery | None = None
    end: str | None = None


class BuyerPart(ABC):
    """The buyer's part of one job, with its secret key."""

    @abstractmethod
    def require_next(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> None:
        """Raise ProtocolViolation unless a task is what the protocol asks next; repeated ones do not come here."""

    @abstractmethod
    def answer(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> BuyerAnswer:
        """The answer to a task.

        Raises:
            ProtocolViolation, InvalidCiphertext: the task breaks the protocol; nothing secret was looked at.
            ContentRefused: what was decrypted is not what the protocol produces; nothing more is answered in this job.
        """

    @abstractmethod
    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; say whether there was any."""
