"""The public facts of a running job that every step of the protocol needs, the same for all who take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commons.ciphers.paillier import PublicKey
from commons.computations.job_facts import StartedJob
from commons.computations.linear_regression.numeric_plan import NumericPlan, growth_of
from commons.computations.linear_regression.spec import Averaging, LinearRegressionSpec
from commons.errors import ProtocolViolation


@dataclass(frozen=True)
class JobContext:
    """What everybody in a job computes with.

    Attributes:
        chain_id, contract: where the job is; proofs and statements are worth nothing elsewhere.
        job_id: its number there.
        key: the buyer's public key.
        plan: scales and bounds.
        trainers, validators: addresses in the order of the contract.
        row_counts: the rows that each of them signed for when it accepted.
    """

    chain_id: int
    contract: str
    job_id: int
    key: PublicKey
    plan: NumericPlan
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    row_counts: Mapping[str, int]

    def candidate_count(self, checkpoint: int) -> int:
        """The global model, and from the first round on one leave-one-out model a trainer."""
        return 1 if checkpoint == 0 else 1 + len(self.trainers)

    def rows_of(self, owner: str) -> int:
        """The rows that an owner signed for; raises ProtocolViolation when it does not take part."""
        if owner not in self.row_counts:
            raise ProtocolViolation(f"{owner} does not take part in job {self.job_id}")
        return self.row_counts[owner]

    def averaging_weights(self) -> dict[str, int]:
        """What each trainer counts in the average, in the order of the contract; its share is that over the sum of all."""
        by_rows = self.plan.spec.averaging is Averaging.ROWS
        return {trainer: self.rows_of(trainer) if by_rows else 1 for trainer in self.trainers}

    def place(self, round_number: int, checkpoint: int) -> bytes:
        """What binds a proof or a statement to one step of one job: chain, contract, job, round and checkpoint."""
        numbers = (self.chain_id, int(self.contract, 16), self.job_id, round_number, checkpoint)
        return b"".join(number.to_bytes(32, "big") for number in numbers)

    def require_checkpoint(self, round_number: int, checkpoint: int) -> None:
        """Raise ProtocolViolation unless the specification has this checkpoint after this very round."""
        self.require_place(round_number, checkpoint)
        if round_number != self.plan.spec.round_of(checkpoint):
            raise ProtocolViolation(f"round {round_number} has no checkpoint {checkpoint} in this job's specification")

    def require_place(self, round_number: int, checkpoint: int) -> None:
        """Raise ProtocolViolation unless this round exists and belongs to the checkpoint that follows it."""
        spec = self.plan.spec
        if round_number > spec.rounds or checkpoint != spec.checkpoint_of(round_number):
            raise ProtocolViolation(
                f"checkpoint {checkpoint} in round {round_number} is not in this job's specification"
            )


def context_of(job: StartedJob[LinearRegressionSpec]) -> JobContext:
    """The same facts in the form that the steps of the protocol need; the largest declared growth sets the numeric plan."""
    declarations = job.declarations.values()
    return JobContext(
        chain_id=job.chain_id,
        contract=job.contract,
        job_id=job.job_id,
        key=job.key,
        plan=NumericPlan(job.spec, job.key.bits, max(map(growth_of, declarations), default=1.0)),
        trainers=job.trainers,
        validators=job.validators,
        row_counts={owner: declaration.row_count for owner, declaration in job.declarations.items()},
    )
