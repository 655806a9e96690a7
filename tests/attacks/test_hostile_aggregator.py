"""A hostile aggregator that sends tasks of all kinds, repeated, reordered, mixed up and malformed, to everybody.

Two jobs run side by side. They have the same public facts and get the same tasks, but their buyers have different keys, their
owners different rows and masks. Whatever is sent, nothing is answered twice differently, and both jobs give the same
sequence of answers and refusals: a reaction depends on nothing that is secret.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import TestCase

import numpy as np
import pytest
from eth_account import Account
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commons.ciphers.paillier import Randomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import (
    EvaluateTask,
    OpenTask,
    RefreshTask,
    SquareTask,
    TrainTask,
    UnmaskTask,
    VerifyTask,
)
from commons.computations.registry import AnyTask
from commons.errors import DeltaMLError
from commons.market.tasks import task_digest
from tests.doubles.arena import Arena
from tests.doubles.in_memory_job import InMemoryJob, Part
from tests.support.worthless_keys import worthless_key

D, ROUNDS, EVERY = 2, 4, 2
ROWS = (9, 8, 7, 6, 5)
TRAINERS = 2
ACCOUNTS = [Account.from_key(bytes([number]) * 32) for number in range(1, 6)]
RANGES = {
    "features": [{"name": "x0", "minimum": -1, "maximum": 1}],
    "target": {"name": "y", "minimum": -1, "maximum": 1},
    "scaling": "range",
    "learning_rate": 0.25,
    "rounds": ROUNDS,
    "evaluate_every": EVERY,
}
KEYS = [worthless_key(1024, name) for name in "ab"]
RANDOMIZERS = [Randomizer(key.public_key) for key in KEYS]


def rows(seed: int) -> list[Part]:
    rng = np.random.default_rng(seed)
    return [(np.column_stack([rng.uniform(-1, 1, m), np.ones(m)]), rng.uniform(-1, 1, m)) for m in ROWS]


def arena(folder: Path, place: int) -> Arena:
    """One of the two jobs: accounts and numbers of rows are the same, all that is secret is not."""
    parts = rows(place)
    job = InMemoryJob(KEYS[place], RANDOMIZERS[place], parts[:TRAINERS], parts[TRAINERS:], accounts=ACCOUNTS, **RANGES)
    folder.mkdir()
    return Arena(folder, job)


class HostileAggregator(RuleBasedStateMachine):
    """Each rule asks the same of both jobs; what they made of it is compared, and kept."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.jobs = [arena(Path(self._folder.name) / str(place), place) for place in range(2)]
        self.context = self.jobs[0].context
        self.trained, self.evaluated, self.squared, self.opened = 0, -1, -1, -1
        self.honest: list[dict[int, Any]] = [{}, {}]
        """By checkpoint, what honest participants sent in each job: what later tasks are made of."""
        self.sent: list[tuple[str | None, list[AnyTask]]] = []
        self.answers: dict[tuple[int, str | None, bytes], str] = {}
        self.places: dict[tuple[int, str | None, str, int], bytes] = {}

    def teardown(self) -> None:
        self._folder.cleanup()

    # -- asking

    def ask(self, address: str | None, make: Callable[[Arena, int], AnyTask]) -> list[Any] | None:
        """Ask both jobs; returns their answers if they gave any."""
        tasks = [make(job, place) for place, job in enumerate(self.jobs)]
        self.sent.append((address, tasks))
        return self._put(address, tasks)

    def _put(self, address: str | None, tasks: list[AnyTask]) -> list[Any] | None:
        outcomes = []
        for place, (job, task) in enumerate(zip(self.jobs, tasks, strict=True)):
            try:
                answer = job.ask(address, task)
            except DeltaMLError as error:
                outcomes.append((type(error), error.message))
                continue
            outcomes.append((type(answer), ""))
            self._remember(place, address, task, answer.model_dump_json())
        assert outcomes[0] == outcomes[1]
        if issubclass(outcomes[0][0], DeltaMLError):
            return None
        return [job.ask(address, task) for job, task in zip(self.jobs, tasks, strict=True)]

    def _remember(self, place: int, address: str | None, task: AnyTask, answer: str) -> None:
        """An answer is the one that this very task had before, and no other task was answered in its place."""
        digest = task_digest(task)
        assert self.answers.setdefault((place, address, digest), answer) == answer
        where = (
            place,
            address,
            task.kind,
            task.round if isinstance(task, TrainTask | RefreshTask) else task.checkpoint,
        )
        assert self.places.setdefault(where, digest) == digest

    # -- what an honest aggregator would ask next

    @initialize(depth=st.integers(0, 5))
    def begin(self, depth: int) -> None:
        """An honest course up to some step of the first two checkpoints."""
        self.evaluate(0)
        if depth >= 1:
            self.square(0, 0, False)
        if depth >= 2:
            self.unmask_and_open(False, 0)
        if depth >= 3:
            for number in range(1, EVERY + 1):
                for who in range(TRAINERS):
                    self.train(who, number - self.trained, False, 0)
            self.evaluate(1)
        if depth >= 4:
            self.square(0, 0, False)
        if depth >= 5:
            self.unmask_and_open(False, 0)

    @rule(who=st.sampled_from(range(TRAINERS)), ahead=st.integers(0, 3), notice=st.booleans(), odd=st.integers(0, 3))
    def train(self, who: int, ahead: int, notice: bool, odd: int) -> None:
        """A round in turn, repeated with other weights, or further ahead with or without a notice."""
        number = min(self.trained + ahead, ROUNDS + 1)
        address = self.context.trainers[who]

        def task(job: Arena, _: int) -> TrainTask:
            honest = job.job.train_task(address, max(number, 1))
            changes: dict[str, Any] = {"missed_since": 1 if notice and number > 1 else None}
            changes |= [{}, {"averaging_weight": honest.averaging_total}, {"checkpoint": 9}, {"round": 0}][odd]
            return honest.model_copy(update=changes)

        if self.ask(address, task) is not None:
            self.trained = max(self.trained, number)

    @rule(
        number=st.integers(0, ROUNDS + 1),
        all_models=st.booleans(),
        shift=st.sampled_from([0, 48, 96, 400]),
        size=st.integers(0, 5),
    )
    def refresh(self, number: int, all_models: bool, shift: int, size: int) -> None:
        """Numbers of the aggregator's choice, in bounds, at the edge or far beyond."""
        value = [0, 1, -1, 1 << 200, 1 << 330, -(1 << 700)][size]
        count = D * (1 + TRAINERS) if all_models else D

        def task(job: Arena, _: int) -> RefreshTask:
            vector = job.encrypted([value] * count, 192 + shift)
            head = job.job.head(number, self.context.plan.spec.checkpoint_of(number))
            return RefreshTask(**head, masked=CiphertextVector.of(vector), shift_bits=shift)

        self.ask(None, task)

    @rule(checkpoint=st.integers(0, 3), wrong_round=st.booleans(), count=st.sampled_from([None, 1, 3]))
    def evaluate(self, checkpoint: int, wrong_round: bool = False, count: int | None = None) -> None:
        """Models of the aggregator's choice."""
        expected = 1 if checkpoint == 0 else 1 + TRAINERS
        number = self.context.plan.spec.round_of(checkpoint) + wrong_round

        def task(job: Arena, place: int) -> EvaluateTask:
            models = [job.encrypted([1 << 190] * D, 192) for _ in range(count or expected)]
            made = job.job.evaluate_task(number, checkpoint, models)
            self.honest[place].setdefault(checkpoint, {"evaluate": made})
            return made

        made = [task(job, place) for place, job in enumerate(self.jobs)]
        for owner in self.context.validators:
            answers = self.ask(owner, lambda _job, place: made[place])
            if answers is not None:
                self.evaluated = max(self.evaluated, checkpoint)
                for place, answer in enumerate(answers):
                    self.honest[place][checkpoint] = self.honest[place].get(checkpoint, {}) | {
                        "evaluate": made[place],
                        owner: answer,
                    }

    def _residuals(self, place: int, checkpoint: int) -> list[Any]:
        job, known = self.jobs[place], self.honest[place][checkpoint]
        answered = [owner for owner in job.job.validators if owner.address in known]
        return [job.residuals(owner, known["evaluate"]) for owner in answered]

    @precondition(lambda self: self.evaluated >= 0)
    @rule(back=st.integers(0, 1), drop=st.integers(0, 3), swap=st.booleans())
    def square(self, back: int, drop: int, swap: bool) -> None:
        """What validators sent, of some of them, or with one's residuals under another's name."""
        checkpoint = max(self.evaluated - back, 0)
        if not all(len(self.honest[place].get(checkpoint, {})) == 4 for place in range(2)):
            return
        if checkpoint < self.evaluated:
            return

        def task(job: Arena, place: int) -> SquareTask:
            residuals = self._residuals(place, checkpoint)[drop:]
            if swap and len(residuals) > 1:
                residuals[0] = residuals[0].model_copy(update={"masked": residuals[1].masked})
            number = self.context.plan.spec.round_of(checkpoint)
            return SquareTask.model_construct(
                **job.job.head(number, checkpoint), kind="linear_regression/square", validators=tuple(residuals)
            )

        made = [task(job, place) for place, job in enumerate(self.jobs)]
        if not made[0].validators:
            return
        answers = self.ask(None, lambda _job, place: made[place])
        if answers is not None:
            self.squared = max(self.squared, checkpoint)
            for place, answer in enumerate(answers):
                self.honest[place][checkpoint]["squares"] = answer

    @precondition(lambda self: self.squared >= 0)
    @rule(other=st.booleans(), drop=st.integers(0, 2))
    def unmask_and_open(self, other: bool, drop: int) -> None:
        """The squares, or others in their place; then what validators signed, of some of them."""
        checkpoint = self.squared
        if checkpoint < self.evaluated or any("squares" not in self.honest[place][checkpoint] for place in range(2)):
            return
        for position, owner in enumerate(self.context.validators):

            def unmask(job: Arena, place: int, owner: str = owner) -> UnmaskTask:
                known = self.honest[place][checkpoint]
                items = {item.validator: item for item in known["squares"].validators}
                item = items.get(owner) or next(iter(items.values()))
                squares = job.encrypted([7] * len(known["evaluate"].candidates), job.context.plan.sse_fractional_bits)
                return UnmaskTask(
                    **job.job.head(known["evaluate"].round, checkpoint),
                    candidates=known["evaluate"].candidates,
                    squares=CiphertextVector.of(squares) if other else item.squares,
                    scaled_squares=item.scaled_squares,
                )

            answers = self.ask(owner, unmask)
            if answers is not None and position >= drop:
                for place, answer in enumerate(answers):
                    self.honest[place][checkpoint].setdefault("statements", {})[owner] = answer.statement
        if all(self.honest[place][checkpoint].get("statements") for place in range(2)):
            self._open(checkpoint)

    def _open(self, checkpoint: int) -> None:
        def task(job: Arena, place: int) -> OpenTask:
            known = self.honest[place][checkpoint]
            return OpenTask(
                **job.job.head(known["evaluate"].round, checkpoint), statements=tuple(known["statements"].values())
            )

        answers = self.ask(None, task)
        if answers is None:
            return
        self.opened = checkpoint

        def verify(job: Arena, place: int) -> VerifyTask:
            known, answer = self.honest[place][checkpoint], answers[place]
            return VerifyTask(
                **job.job.head(known["evaluate"].round, checkpoint),
                statements=tuple(known["statements"].values()),
                sums=answer.sums,
                zero_checks=answer.zero_checks,
            )

        for owner in self.context.validators:
            self.ask(owner, verify)

    # -- what was sent before, and to whom it was not meant

    @precondition(lambda self: bool(self.sent))
    @rule(pick=st.integers(0, 10_000))
    def repeat(self, pick: int) -> None:
        """Any earlier task once more."""
        address, tasks = self.sent[pick % len(self.sent)]
        self._put(address, tasks)

    @precondition(lambda self: bool(self.sent))
    @rule(pick=st.integers(0, 10_000), who=st.integers(0, 5))
    def misdirect(self, pick: int, who: int) -> None:
        """Any earlier task to somebody else."""
        _, tasks = self.sent[pick % len(self.sent)]
        everybody = [None, *self.context.trainers, *self.context.validators]
        self._put(everybody[who % len(everybody)], tasks)

    @rule()
    def restart(self) -> None:
        """The buyer's process is started anew."""
        for job in self.jobs:
            job.restart()

    @invariant()
    def what_ended_has_ended_in_both(self) -> None:
        """A buyer that answers no more has the same reason in both jobs."""
        assert self.jobs[0].stored_job().refusal == self.jobs[1].stored_job().refusal


class SeveralHostileAggregators(HostileAggregator):
    """The same, many more times."""


def campaign(machine: type[HostileAggregator], examples: int) -> type[TestCase]:
    case: type[TestCase] = machine.TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return case


TestHostileAggregator = campaign(HostileAggregator, 4)
TestSeveralHostileAggregators = pytest.mark.soak(campaign(SeveralHostileAggregators, 60))
