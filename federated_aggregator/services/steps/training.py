"""Training itself: rounds, refreshes in between, and the delivery in the end."""

from __future__ import annotations

from commons.chain.signing import CheckpointStatement
from commons.ciphers.masks import delivery_mask, draw_seed
from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.averaging import average, candidates
from commons.computations.linear_regression.messages import (
    DeliverResult,
    DeliverTask,
    RefreshResult,
    RefreshTask,
    TaskKind,
    TrainResult,
    TrainTask,
)
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.refreshing import check_refresh, mask_weights, unmask_weights
from federated_aggregator.adapters.tables import Checkpoint
from federated_aggregator.services.checkpoint_statements import (
    check_checkpoint_signature,
    checkpoint_statement,
    statements_of,
)
from federated_aggregator.services.job_run import DONE, JobRun
from federated_aggregator.services.steps.handler import DELIVERED, GLOBAL, Finished, StepHandler


class TrainStep(StepHandler):
    """Trainers take local gradient steps; their weighted updates are added up."""

    kind = TaskKind.TRAIN

    def begin(self, run: JobRun) -> None:
        """Ask every trainer."""
        weights = CiphertextVector.of(run.vector(GLOBAL))
        shares, missed = self.context(run).averaging_weights(), run.missed_rounds()
        for trainer, share in shares.items():
            body = TrainTask(
                **run.head(),
                weights=weights,
                averaging_weight=share,
                averaging_total=sum(shares.values()),
                missed_since=missed.get(trainer),
            )
            run.ask(trainer, body)

    def check(self, run: JobRun, task: TrainTask, result: TrainResult, assignee: str) -> None:
        """An update must be a vector of the expected scale and length."""
        self._update(run, task, result)

    def finish(self, run: JobRun) -> Finished:
        """Average; at a checkpoint, also without each trainer."""
        updates = {
            trainer: self._update(run, task, result) for trainer, (task, result) in run.answered(self.kind).items()
        }
        shares = self.context(run).averaging_weights()
        scale = next(iter(updates.values())).fractional_bits
        bound = run.plan.weight_bound(run.job.round, scale)
        previous = run.vector(GLOBAL)
        if run.spec.is_checkpoint(run.job.round):
            models = candidates(updates, shares, list(shares), previous, bound=bound)
            run.store_candidates(models)
        else:
            # A product of ciphertexts that the trainers have just re-randomised needs no more of it.
            run.store_vector(GLOBAL, average(updates, shares, bound=bound))
        return Finished()

    def _update(self, run: JobRun, task: TrainTask, result: TrainResult) -> EncryptedVector:
        scale = task.weights.fractional_bits + MATRIX_FRACTIONAL_BITS
        bound = run.plan.weight_bound(task.round, scale)
        return result.update.to_vector(run.key, count=run.spec.n_weights, fractional_bits=scale, bound=bound)


class RefreshStep(StepHandler):
    """The buyer truncates masked weights."""

    kind = TaskKind.REFRESH

    def begin(self, run: JobRun) -> None:
        """Mask the candidates of a checkpoint, or else the global weights; under fresh randomness, as all that the buyer gets."""
        models = run.candidates() if run.spec.is_checkpoint(run.job.round) else [run.vector(GLOBAL)]
        seed = draw_seed()
        task = mask_weights(
            self.context(run),
            models,
            seed,
            run.randomizer,
            round_number=run.job.round,
            checkpoint=run.job.checkpoint,
        )
        run.ask(run.job.buyer, task, secret_seed=seed)

    def check(self, run: JobRun, task: RefreshTask, result: RefreshResult, assignee: str) -> None:
        """The buyer must prove that it returned what was sent."""
        check_refresh(self.context(run), task, result, parallel_map=self.around.parallel_map)

    def finish(self, run: JobRun) -> Finished:
        """Take the masks off."""
        (row,) = run.tasks(self.kind, DONE)
        ((task, result),) = run.answered(self.kind).values()
        masked = result.refreshed.to_vector(
            run.key,
            count=task.masked.count,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=run.plan.masked_bound(task.round, WEIGHT_FRACTIONAL_BITS),
        )
        models = unmask_weights(self.context(run), task, masked, row.secret_seed or b"")
        run.store_vector(GLOBAL, models[0])
        if run.spec.is_checkpoint(run.job.round):
            run.store_candidates(models)
        return Finished()


class DeliverStep(StepHandler):
    """The buyer gets the masked final weights and signs the statement that ends the job, over their digest."""

    kind = TaskKind.DELIVER

    def begin(self, run: JobRun) -> None:
        """Mask the final weights with the seed whose hash is on chain."""
        weights = run.vector(GLOBAL)
        bits = run.plan.mask_bits(run.job.round, weights.fractional_bits)
        mask = delivery_mask(run.job.delivery_seed or b"", run.job.job_id, len(weights), bits)
        delivered = weights.add_encoded(mask).rerandomize(run.randomizer)
        run.store_vector(DELIVERED, delivered)
        body = DeliverTask(**run.head(), delivered=CiphertextVector.of(delivered), statements=statements_of(run))
        run.ask(run.job.buyer, body)

    def check(self, run: JobRun, task: DeliverTask, result: DeliverResult, assignee: str) -> None:
        """The signature must cover the delivered ciphertexts."""
        check_checkpoint_signature(self.around, run, self._statement(run), result.checkpoint_signature)

    def finish(self, run: JobRun) -> Finished:
        """Record on chain that the weights were delivered."""
        ((_, result),) = run.answered(self.kind).values()
        signature = bytes.fromhex(result.checkpoint_signature[2:])
        self.around.record_checkpoint(run, self._statement(run), signature)
        return Finished(stop=True)

    def _statement(self, run: JobRun) -> CheckpointStatement:
        row = run.session.get_one(Checkpoint, (run.job.job_id, run.job.checkpoint))
        latest = checkpoint_statement(run, int(row.mse_fixed), row.leave_one_out_mses_fixed)
        return latest.closing(run.vector(DELIVERED).digest())
