"""What the market and a kind of computation know of each other.

The *market* knows money, people, time and tasks. A *computation* knows what is computed, by whom, in which order, and who learns
what. What passes between them is values, so that each side can be tested alone: a computation reaches no database, no network
and no clock, and the market looks into no message.

A kind is one `Computation`. It speaks for the public side of a job itself (what is asked of data, who learns what, whether the
numbers fit the key), and gives out a part for each who takes part in a running job: `AggregatorPart`, `OwnerPart`, `BuyerPart`.
The steps of a job follow each other like this::

    start ──► configure ──► answers, each checked ──► aggregate ──► configure ──► … ──► done
                (whom to ask what)                     (next step, values, scores)

The division into configuring and aggregating is that of Flower's strategies (Beutel et al. 2020, arXiv:2007.14390).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from commons.ciphers.paillier import PublicKey, Randomizer, SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.errors import ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms, PayTerms
from commons.market.requirements import Requirements
from commons.market.tasks import Step, TaskBody, TaskResult
from commons.messages import FrozenModel
from commons.tables.table import Table


class ComputationSpec(FrozenModel):
    """What is computed, as a buyer specifies it; `kind` says which computation it is for."""

    kind: str


Spec = TypeVar("Spec", bound=ComputationSpec)
Loaded = TypeVar("Loaded")

ParallelMap = Callable[..., Iterable[Any]]
"""What `map` does, possibly on several cores."""

Sign = Callable[[bytes], bytes]
"""A participant's signature of a 32-byte digest (EIP-191)."""

RecoverSigner = Callable[[bytes, bytes], str]
"""(digest, signature) → who signed it; raises NotAuthenticated for a malformed signature."""

SignCheckpoint = Callable[[CheckpointStatement], bytes]
RecoverCheckpoint = Callable[[CheckpointStatement, bytes], str]


# ------------------------------------------------------------------------------------------------- the public side of a job


class Party(StrEnum):
    """Who can learn something from a job."""

    MODEL_BUYER = "model_buyer"
    DATA_OWNERS = "data_owners"
    AGGREGATOR = "aggregator"
    EVERYBODY = "everybody"


class Learnt(FrozenModel):
    """One thing that a party learns from a job: a code, for pages that have words of their own, and English."""

    party: Party
    code: str
    text: str


class Pay(StrEnum):
    """What owners are paid for."""

    IMPROVEMENT = "improvement"  # by how much the error fell, and what each one's data added to that
    PER_ANSWER = "per_answer"  # a fixed price, in equal parts to all who answered


@dataclass(frozen=True)
class RoleRule:
    """Who does what.

    Attributes:
        n_trainers: number of owners → how many of them train; the others validate.
        may_choose: whether an owner may agree to one role only.
        exact: whether a job starts with exactly `min_owners`, and not with more.
    """

    n_trainers: Callable[[int], int]
    may_choose: bool = True
    exact: bool = False


@dataclass(frozen=True)
class StartedJob(Generic[Spec]):
    """The public facts of a running job, the same for all who take part.

    Attributes:
        chain_id, contract: where the job is; proofs and statements are worth nothing elsewhere.
        job_id: its number there.
        terms: the whole specification.
        spec: what is computed, of it.
        key: the buyer's public key.
        trainers, validators: addresses in the order of the contract.
        declarations: what each of them signed for when it accepted.
    """

    chain_id: int
    contract: str
    job_id: int
    terms: JobTerms
    spec: Spec
    key: PublicKey
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    declarations: Mapping[str, Declaration]

    @property
    def owners(self) -> tuple[str, ...]:
        """All members, trainers first."""
        return (*self.trainers, *self.validators)

    def declaration_of(self, owner: str) -> Declaration:
        """What an owner signed for; raises ProtocolViolation when it does not take part."""
        for address, declaration in self.declarations.items():
            if address.lower() == owner.lower():
                return declaration
        raise ProtocolViolation(f"{owner} does not take part in job {self.job_id}")

    def place(self, round_number: int, checkpoint: int) -> bytes:
        """What binds a proof or a statement to one step of one job: chain, contract, job, round and checkpoint."""
        numbers = (self.chain_id, int(self.contract, 16), self.job_id, round_number, checkpoint)
        return b"".join(number.to_bytes(32, "big") for number in numbers)


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
        scores: evaluations so far, the first one first.
        out: members that take no further part.
        randomizer: this process's own, under the buyer's key.
        delivery_seed: of the delivery mask; its hash is on chain.
        last_answered: kind of task → for each assignee the latest round in which it answered one in time.
        recover_message, recover_checkpoint: who signed something.
        parallel_map: like `map`.
    """

    started: StartedJob[Spec]
    buyer: str
    values: Values
    scores: Sequence[CheckpointStatement]
    out: frozenset[str]
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


class Outcome(ABC):
    """What a buyer gets in the end, in the clear."""

    @abstractmethod
    def to_json(self) -> str:
        """As it is stored and downloaded."""

    @abstractmethod
    def facts(self) -> Sequence[tuple[str, str]]:
        """A few lines for a terminal, each a name and a text."""


class Predictor(Outcome):
    """An outcome that is a model, which predicts a number for each row."""

    @property
    @abstractmethod
    def feature_names(self) -> Sequence[str]:
        """What a row to predict for needs."""

    @property
    @abstractmethod
    def target(self) -> tuple[str, str]:
        """What is predicted: its name and its unit, which may be empty."""

    @abstractmethod
    def predict(self, rows: Sequence[Mapping[str, object]], *, first: int = 1) -> list[float]:
        """One prediction a row.

        Args:
            rows: values by the names of features; others are left out of account.
            first: the number of the first row, for messages.

        Raises:
            InvalidInput: naming row and field of the first value that cannot be used.
        """

    @abstractmethod
    def sklearn_attributes(self) -> Mapping[str, Any]:
        """Attributes of the fitted estimator of scikit-learn that predicts the same, as JSON."""


# ------------------------------------------------------------------------------------------------------------------ a kind


class Computation(ABC, Generic[Spec]):
    """One kind of computation.

    Attributes:
        kind: its name, which begins the kinds of its tasks: "linear_regression/train".
        spec: the type of its specification.
        tasks: the types of its tasks; those of its answers have the same kinds.
        results: the types of its answers.
        pay: what owners are paid for.
        roles: who does what.
    """

    kind: ClassVar[str]
    spec: ClassVar[type[ComputationSpec]]
    tasks: ClassVar[tuple[type[TaskBody], ...]]
    results: ClassVar[tuple[type[TaskResult], ...]]
    pay: ClassVar[Pay]
    roles: ClassVar[RoleRule]

    # -- before a job starts

    @abstractmethod
    def learns(self, spec: Spec) -> Sequence[Learnt]:
        """What each party learns, shown to owners before they accept."""

    @abstractmethod
    def requirements(self, spec: Spec) -> Requirements:
        """What a data set must have; an owner's matching uses nothing else."""

    def pay_terms(self, min_owners: int) -> PayTerms:
        """How the deposit is divided unless a buyer says otherwise."""
        return PayTerms()

    def rounds(self, spec: Spec) -> int:
        """How many rounds there are at most, for progress."""
        return 1

    def require_terms(self, terms: JobTerms, spec: Spec) -> None:
        """Raise InvalidInput, naming the field, for terms under which this kind is not computed; all parties ask."""

    @abstractmethod
    def require_headroom(
        self, terms: JobTerms, spec: Spec, key_bits: int, declarations: Sequence[Declaration] = ()
    ) -> None:
        """Check that every step fits the key, with what is declared so far.

        Raises:
            HeadroomExceeded: with the remedy.
            InvalidInput, ProtocolViolation: a declaration's facts are not of this kind.
        """

    @abstractmethod
    def declare(
        self, terms: JobTerms, spec: Spec, key_bits: int, table: Table, consents: Sequence[str]
    ) -> tuple[int, dict[str, Any]]:
        """Read an owner's rows; return their number and the facts that it signs for, as JSON.

        Raises:
            DatasetInvalid, InvalidInput: a cell that cannot be used, too few rows, or a consent that is missing.
            HeadroomExceeded: with these rows the job would not fit the key.
        """

    # -- while it runs

    @abstractmethod
    def aggregator(self) -> AggregatorPart[Spec]:
        """The aggregator's part."""

    @abstractmethod
    def owner(self, job: StartedJob[Spec], secrets: OwnerSecrets, table: Table, randomizer: Randomizer) -> OwnerPart:
        """An owner's part; reads its rows.

        Raises:
            DatasetInvalid: the rows are not those that were declared, or cannot be used.
        """

    @abstractmethod
    def buyer(
        self,
        job: StartedJob[Spec],
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
        parallel_map: ParallelMap = map,
    ) -> BuyerPart:
        """The buyer's part.

        Raises:
            HeadroomExceeded: with what the owners declared the job does not fit the key.
            ProtocolViolation: this is not the job's key.
        """

    # -- when everybody is paid

    @abstractmethod
    def outcome(self, job: StartedJob[Spec], secret_key: SecretKey, delivery: SignedDelivery, seed: bytes) -> Outcome:
        """What was delivered, in the clear, with the seed of the delivery mask."""

    @abstractmethod
    def read_outcome(self, text: str) -> Outcome:
        """The outcome whose `to_json` this is."""

    def compare(
        self,
        job: StartedJob[Spec],
        secret_key: SecretKey,
        delivery: SignedDelivery,
        seed: bytes,
        evidence: Mapping[str, Any],
    ) -> bool | None:
        """Whether the delivery is what `evidence` shows to have been agreed; None if this kind has nothing to compare."""
        return None
