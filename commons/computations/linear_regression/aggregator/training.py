"""Training itself: rounds, refreshes in between, and the delivery in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commons.ciphers.masks import draw_seed
from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.aggregator.run import CANDIDATES, WEIGHTS, Run, weights_value
from commons.computations.linear_regression.aggregator.step import (
    Missing,
    StepHandler,
    require_buyers,
    statements_name,
)
from commons.computations.linear_regression.averaging import average, candidates
from commons.computations.linear_regression.messages import (
    DeliverResult,
    RefreshResult,
    RefreshTask,
    TaskKind,
    TrainResult,
)
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.outcome import FinalWeights
from commons.computations.linear_regression.refreshing import check_refresh, mask_weights, unmask_weights
from commons.computations.linear_regression.schedule import advance
from commons.computations.parts import DELIVERED, EVIDENCE, Answer, Ask, Score, Turn, Value
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.delivery import delivery_mask

_WHY_EVIDENCE_IS_NOT = (
    "its digest must be the one that the validators signed; it is shown when everybody is paid, and the buyer then has these "
    "very weights in the clear"
)


class TrainStep(StepHandler):
    """Trainers take local gradient steps; their weighted updates are added up."""

    kind = TaskKind.TRAIN
    doing = "training on their rows"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Ask every trainer."""
        shares, missed = run.context.averaging_weights(), _missed_rounds(run)
        total = sum(shares.values())
        return [
            Ask(
                trainer,
                self.kind,
                {"averaging_weight": share, "averaging_total": total, "missed_since": missed.get(trainer)},
                {"weights": WEIGHTS},
            )
            for trainer, share in shares.items()
        ]

    def check(self, run: Run, ask: Ask, result: TrainResult) -> EncryptedVector:
        """An update must be a vector of the expected scale and length."""
        scale = run.weights().fractional_bits + MATRIX_FRACTIONAL_BITS
        bound = run.plan.weight_bound(run.step.round, scale)
        return result.update.to_vector(run.context.key, count=run.spec.n_weights, fractional_bits=scale, bound=bound)

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Average; at a checkpoint, also without each trainer."""
        updates: dict[str, EncryptedVector] = {trainer: answer.checked for trainer, answer in answers.items()}
        shares = run.context.averaging_weights()
        scale = next(iter(updates.values())).fractional_bits
        bound = run.plan.weight_bound(run.step.round, scale)
        if run.is_checkpoint:
            models = candidates(updates, shares, list(shares), run.weights(), bound=bound)
            return Turn(advance(run.step, run.spec, can_train=False), values=run.candidates_values(models))
        model = average(updates, shares, bound=bound)
        can_train = run.plan.can_train(run.step.round + 1, model.fractional_bits)
        return Turn(advance(run.step, run.spec, can_train=can_train), values={WEIGHTS: weights_value(model)})


class RefreshStep(StepHandler):
    """The buyer truncates masked weights."""

    kind = TaskKind.REFRESH
    doing = "refreshing the encrypted weights"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Mask the candidates of a checkpoint, or else the model; under fresh randomness, as all that the buyer gets."""
        models = run.candidates() if run.is_checkpoint else [run.weights()]
        seed = draw_seed()
        task = mask_weights(
            run.context,
            models,
            seed,
            run.job.randomizer,
            round_number=run.step.round,
            checkpoint=run.step.checkpoint,
        )
        fields = {"masked": task.masked.model_dump(mode="json"), "shift_bits": task.shift_bits}
        return [Ask(run.job.buyer, self.kind, fields, secret=seed)]

    def check(self, run: Run, ask: Ask, result: RefreshResult) -> EncryptedVector:
        """The buyer must prove that it returned what was sent."""
        return check_refresh(run.context, _refresh_task(run, ask), result, parallel_map=run.job.parallel_map)

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Take the masks off."""
        (answer,) = answers.values()
        fresh: EncryptedVector = answer.checked
        masked = fresh.unsafe_with_bound(run.plan.masked_bound(run.step.round, WEIGHT_FRACTIONAL_BITS))
        models = unmask_weights(run.context, _refresh_task(run, answer.ask), masked, answer.ask.secret or b"")
        values = {WEIGHTS: weights_value(models[0])}
        if run.is_checkpoint:
            values |= run.candidates_values(models)
        return Turn(advance(run.step, run.spec, can_train=True), values=values)


class DeliverStep(StepHandler):
    """The buyer gets the masked final weights and signs the statement that ends the job, over their digest."""

    kind = TaskKind.DELIVER
    doing = "signing for the delivered weights"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Hand over what `delivery_values` has made."""
        refers_to = {"delivered": DELIVERED, "statements": statements_name(run.step.checkpoint)}
        return [Ask(run.job.buyer, self.kind, refers_to=refers_to)]

    def check(self, run: Run, ask: Ask, result: DeliverResult) -> Score:
        """The signature must cover the delivered ciphertexts."""
        statement = self._statement(run)
        return Score(statement, require_buyers(run, statement, result.checkpoint_signature))

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """The weights were delivered: nothing is left to compute."""
        (answer,) = answers.values()
        return Turn(advance(run.step, run.spec, can_train=True), delivery=answer.checked, forget=(WEIGHTS, CANDIDATES))

    def _statement(self, run: Run) -> CheckpointStatement:
        delivered = run.job.values.get(DELIVERED, CiphertextVector.model_validate_json)
        return run.job.scores()[-1].closing(delivered.digest())


def delivery_values(run: Run) -> dict[str, Value]:
    """The final weights under the mask whose seed's hash is on chain; and, for after the payment, what the validators signed."""
    weights = run.weights()
    bits = run.plan.mask_bits(run.step.round, weights.fractional_bits)
    mask = delivery_mask(run.job.delivery_seed, run.job.started.job_id, len(weights), bits)
    delivered = CiphertextVector.of(weights.add_encoded(mask).rerandomize(run.job.randomizer))
    digests = tuple("0x" + model.digest().hex() for model in run.candidates())
    # [w] could be decrypted at once, so the market shows it only when everybody has been paid.
    final = CiphertextVector.of(weights, unsafe_not_rerandomized=_WHY_EVIDENCE_IS_NOT)
    evidence = FinalWeights(final=final, candidate_digests=digests)
    return {DELIVERED: Value(delivered.model_dump_json(), delivered), EVIDENCE: Value(evidence.model_dump_json())}


def _refresh_task(run: Run, ask: Ask) -> RefreshTask:
    head = {"job_id": run.job.started.job_id, "round": run.step.round, "checkpoint": run.step.checkpoint}
    return RefreshTask.model_validate({**head, **ask.fields})


def _missed_rounds(run: Run) -> dict[str, int]:
    """For each trainer whose last answer is not of the round before, the first round since then."""
    before = run.step.round - 1
    if before < 1:
        return {}
    last = run.job.last_answered(TaskKind.TRAIN)
    return {trainer: last.get(trainer, 0) + 1 for trainer in run.job.started.trainers if last.get(trainer, 0) != before}
