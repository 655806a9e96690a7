"""A job whose buyer and owners are the real services' classes on real databases, asked by whoever plays the aggregator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from eth_account import Account

from commons.chain.jobs import JobState
from commons.chain.signing import recover_message, sign_message
from commons.ciphers.masks import draw_seed
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.job_facts import StartedJob
from commons.computations.linear_regression.averaging import average, candidates
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    EvaluateTask,
    OpenTask,
    RefreshResult,
    SquareResult,
    SquareTask,
    TrainResult,
    UnmaskResult,
    UnmaskTask,
    ValidatorResiduals,
    ValidatorStatement,
)
from commons.computations.linear_regression.own_statistics import OwnStatistics
from commons.computations.linear_regression.owner import LinearRegressionOwner
from commons.computations.linear_regression.refreshing import mask_weights, unmask_weights
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.linear_regression.statements import candidates_digest
from commons.computations.parts import OwnerSecrets
from commons.computations.registry import AnyResult, AnyTask
from commons.market.declaration import Declaration
from commons.storage.database import create_database
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.participation import Participant
from data_owner.services.task_answers import TaskAnswerer as OwnerAnswerer
from data_owner.tables import Base as OwnerBase
from data_owner.tables import db as owner_db
from model_buyer.domain.stages import Stage
from model_buyer.services.answer_task import TaskAnswerer as BuyerAnswerer
from model_buyer.services.buyer import Buyer
from model_buyer.services.key_vault import KeyVault
from model_buyer.tables import Base as BuyerBase
from model_buyer.tables import Job, Participants
from model_buyer.tables import db as buyer_db
from tests.doubles.around_buyer import Clock, FakeAggregator, FakeChain, job_row, put_job, stored_job
from tests.doubles.in_memory_job import JOB_ID, InMemoryJob, Owner


class Arena:
    """The participants of a job that runs; what they are asked is for tests to say.

    Attributes:
        job: the parties' rows, keys and context; its own shortcuts past the services are not used for answers.
        buyer, owners: what answers tasks in the services.
        weights: the model as an honest aggregator would have it.
    """

    def __init__(self, folder: Path, job: InMemoryJob) -> None:
        self.job, self.context, self.weights = job, job.context, job.weights
        self._posted = self._post(folder)
        self.buyer = BuyerAnswerer(self._posted)
        self.owners: dict[str, OwnerAnswerer] = {}
        for owner in (*job.trainers, *job.validators):
            database = create_database(f"sqlite:///{folder}/{owner.address}.sqlite3", owner_db)
            OwnerBase.metadata.create_all(database.engine)
            make = partial(self._participant, owner)
            self.owners[owner.address] = OwnerAnswerer(make, AnsweredTasks(database))

    def restart(self) -> None:
        """Another process of the buyer, which knows only what is stored."""
        self.buyer = BuyerAnswerer(self._posted)

    def ask(self, address: str | None, task: AnyTask) -> AnyResult:
        """The answer of an owner, or of the buyer."""
        return (self.buyer if address is None else self.owners[address]).answer(task)

    # -- what an honest aggregator asks

    def train(self, number: int, addresses: Iterable[str] | None = None) -> dict[str, EncryptedVector]:
        """The trainers' updates of a round."""
        self.job.weights = self.weights
        updates = {}
        for address in addresses or self.context.trainers:
            result = self.ask(address, self.job.train_task(address, number))
            assert isinstance(result, TrainResult)
            updates[address] = self.vector(result.update)
        return updates

    def refresh(self, number: int, models: Sequence[EncryptedVector]) -> list[EncryptedVector]:
        """The models as the buyer brings them back to their scale."""
        seed, checkpoint = draw_seed(), self.context.plan.spec.checkpoint_of(number)
        task = mask_weights(self.context, models, seed, self.job.randomizer, round_number=number, checkpoint=checkpoint)
        result = self.ask(None, task)
        assert isinstance(result, RefreshResult)
        return unmask_weights(self.context, task, self.vector(result.refreshed), seed)

    def train_to(self, checkpoint: int) -> list[EncryptedVector]:
        """Train from the checkpoint before up to the refreshed candidates of this one."""
        spec = self.context.plan.spec
        if checkpoint == 0:
            return [self.weights]
        for number in range(spec.round_of(checkpoint - 1) + 1, spec.round_of(checkpoint) + 1):
            updates = self.train(number)
            scale = next(iter(updates.values())).fractional_bits
            bound = self.context.plan.weight_bound(number, scale)
            if spec.is_checkpoint(number):
                shares = self.context.averaging_weights()
                models = candidates(updates, shares, self.context.trainers, self.weights, bound=bound)
                models = self.refresh(number, models)
                self.weights = models[0]
                return models
            self.weights = average(updates, self.context.averaging_weights(), bound=bound)
        raise AssertionError("a checkpoint ends with one")

    def evaluate_task(self, checkpoint: int, models: Sequence[EncryptedVector]) -> EvaluateTask:
        """What validators are asked at a checkpoint."""
        return self.job.evaluate_task(self.context.plan.spec.round_of(checkpoint), checkpoint, models)

    def residuals(self, owner: Owner, task: EvaluateTask) -> ValidatorResiduals:
        """What an honest validator sends of these models."""
        result = self.ask(owner.address, task)
        assert isinstance(result, EvaluateResult)
        digest = candidates_digest([one.digest() for one in task.candidates])
        return ValidatorResiduals(
            validator=owner.address,
            candidates_digest="0x" + digest.hex(),
            masked=result.masked,
            corrections=result.corrections,
            signature=result.signature,
        )

    def square_task(self, task: EvaluateTask, residuals: Iterable[ValidatorResiduals]) -> SquareTask:
        """What the buyer is asked to square."""
        return SquareTask(**self.job.head(task.round, task.checkpoint), validators=tuple(residuals))

    def statements(
        self, task: EvaluateTask, squared: SquareResult, owners: Iterable[Owner]
    ) -> list[ValidatorStatement]:
        """What honest validators sign once the buyer has squared."""
        squares = {item.validator: item for item in squared.validators}
        signed = []
        for owner in owners:
            item = squares[owner.address]
            assert item.squares is not None
            assert item.scaled_squares is not None
            unmask = UnmaskTask(
                **self.job.head(task.round, task.checkpoint),
                candidates=task.candidates,
                squares=item.squares,
                scaled_squares=item.scaled_squares,
            )
            result = self.ask(owner.address, unmask)
            assert isinstance(result, UnmaskResult)
            signed.append(result.statement)
        return signed

    def open_task(self, task: EvaluateTask, statements: Iterable[ValidatorStatement]) -> OpenTask:
        """What the buyer is asked to open."""
        return OpenTask(**self.job.head(task.round, task.checkpoint), statements=tuple(statements))

    def measure(self, checkpoint: int, models: Sequence[EncryptedVector]) -> AnyResult:
        """A whole honest checkpoint, from evaluation to opening."""
        task = self.evaluate_task(checkpoint, models)
        asked = self.square_task(task, [self.residuals(owner, task) for owner in self.job.validators])
        squared = self.ask(None, asked)
        assert isinstance(squared, SquareResult)
        return self.ask(None, self.open_task(task, self.statements(task, squared, self.job.validators)))

    # -- helpers

    def vector(self, wire: CiphertextVector) -> EncryptedVector:
        """What is on the wire, with a formal bound."""
        return wire.to_vector(self.context.key, count=wire.count, fractional_bits=wire.fractional_bits, bound=1)

    def encrypted(self, values: Sequence[int], fractional_bits: int) -> EncryptedVector:
        """Numbers of the aggregator's own choice, encoded already."""
        return EncryptedVector.encrypt(self.job.randomizer, values, fractional_bits=fractional_bits)

    def stored_job(self) -> Job:
        """The job as the buyer has it."""
        return stored_job(self._posted.database, "a" * 32)

    def _started(self) -> StartedJob[LinearRegressionSpec]:
        context = self.context
        return StartedJob(
            chain_id=context.chain_id,
            contract=context.contract,
            job_id=context.job_id,
            terms=self.job.spec,
            spec=context.plan.spec,
            key=context.key,
            trainers=context.trainers,
            validators=context.validators,
            declarations=self._declarations(),
        )

    def _declarations(self) -> dict[str, Declaration]:
        growth = self.context.plan.growth
        return {
            owner: Declaration(row_count=rows, roles=3, facts={"growth": growth})
            for owner, rows in self.context.row_counts.items()
        }

    def _participant(self, owner: Owner, _job_id: int) -> Participant:
        secrets = OwnerSecrets(
            address=owner.address,
            mask_secret=owner.mask_secret,
            sign=lambda digest: sign_message(owner.account, digest),
            recover=recover_message,
        )
        statistics = OwnStatistics(step=owner.step(self.context.plan.spec), metric=owner.metric())
        part = LinearRegressionOwner(self._started(), secrets, statistics, self.job.randomizer)
        return Participant((self.context.trainers, self.context.validators), "linear_regression", part)

    def _post(self, folder: Path) -> Buyer:
        database = create_database(f"sqlite:///{folder}/buyer.sqlite3", buyer_db)
        BuyerBase.metadata.create_all(database.engine)
        context = self.context
        chain = FakeChain(database, trainers=context.trainers, validators=context.validators)
        buyer = Buyer(
            database=database,
            chain=chain,
            aggregator=FakeAggregator(),
            vault=KeyVault("a password", database, cost=2**10, key_policy=UNSAFE_SMALL_KEYS),
            account=Account.create(),
            key_bits=context.key.bits,
            follow=lambda: None,
            chain_clock=Clock(),
            clock=Clock(),
            key_policy=UNSAFE_SMALL_KEYS,
        )
        posted = job_row(self.job.spec, key_bits=context.key.bits, chain_job_id=JOB_ID, stage=Stage.OFFERED)
        posted.modulus, posted.modulus_proof = hex(int(context.key.n)), ["0x1"]
        posted.sealed_secret = buyer.vault.seal(self.job.secret_key, posted.id)
        posted.participants = Participants(context.trainers, context.validators, self._declarations())
        put_job(database, posted)
        chain.put(posted, JobState.RUNNING, number=JOB_ID)
        return buyer


def sign(owner: Owner, digest: bytes) -> str:
    """An owner's signature of a digest, as messages carry it."""
    return "0x" + sign_message(owner.account, digest).hex()
