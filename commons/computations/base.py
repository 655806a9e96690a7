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
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic

from commons.ciphers.paillier import Randomizer, SecretKey
from commons.computations.job_facts import (
    ComputationSpec,
    Learnt,
    ParallelMap,
    Pay,
    RecoverSigner,
    RoleRule,
    SignCheckpoint,
    Spec,
    StartedJob,
)
from commons.computations.parts import AggregatorPart, BuyerPart, OwnerPart, OwnerSecrets, SignedDelivery
from commons.market.declaration import Declaration
from commons.market.job_terms import JobTerms, PayTerms
from commons.market.requirements import Requirements
from commons.market.tasks import TaskBody, TaskResult
from commons.tables.table import Table


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
