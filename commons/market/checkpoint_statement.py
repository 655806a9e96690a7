"""What model buyer and aggregator agree on at a checkpoint; the contract records it, and pay follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commons.chain.checks import check_digest, check_uint
from commons.errors import InvalidInput

MAX_MSE_FIXED: Final = 2**128 - 1
"""The largest MSE that the contract records; a larger one is recorded as this, so that nothing can overflow there."""


@dataclass(frozen=True, slots=True)
class CheckpointStatement:
    """One evaluation of the model, as both sides agree on it.

    `mse_fixed` and each of `leave_one_out_mses_fixed` (in the order of the job's trainers; empty for index 0) are the
    MSE divided by the squared half-width of the target's declared range, times 10^18, rounded down, at most
    `MAX_MSE_FIXED`. `delivery_digest` is the digest of the delivered ciphertexts when `last`, else 32 zero bytes.
    """

    job_id: int
    index: int
    round: int
    mse_fixed: int
    leave_one_out_mses_fixed: tuple[int, ...] = ()
    last: bool = False
    delivery_digest: bytes = bytes(32)

    def __post_init__(self) -> None:
        object.__setattr__(self, "leave_one_out_mses_fixed", tuple(self.leave_one_out_mses_fixed))
        check_uint("job_id", self.job_id, 256)
        check_uint("index", self.index, 32)
        check_uint("round", self.round, 32)
        check_uint("mse_fixed", self.mse_fixed, 128)
        for mse_fixed in self.leave_one_out_mses_fixed:
            check_uint("leave_one_out_mses_fixed", mse_fixed, 128)
        check_digest("delivery_digest", self.delivery_digest)
        if self.last and self.delivery_digest == bytes(32):
            raise InvalidInput("the last checkpoint needs the digest of the delivered weights", field="delivery_digest")

    def closing(self, delivery_digest: bytes) -> CheckpointStatement:
        """Return the statement that ends a job whose latest checkpoint is this one: the same model, now delivered.

        Its leave-one-out MSEs equal the MSE, so that it adds to no contribution: those of this checkpoint count once.
        """
        return CheckpointStatement(
            job_id=self.job_id,
            index=self.index + 1,
            round=self.round,
            mse_fixed=self.mse_fixed,
            leave_one_out_mses_fixed=(self.mse_fixed,) * len(self.leave_one_out_mses_fixed),
            last=True,
            delivery_digest=delivery_digest,
        )
