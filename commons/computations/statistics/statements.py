"""What is signed: that sums are an owner's own, and the statements on chain from which those who answered are paid.

The contract pays by errors that fall. Until it knows other pay, statistics have an error of 1 at the start and of 0 in the end,
and without a trainer that answered it would still be 1; so trainers that answered contribute alike, and the others nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from eth_utils.crypto import keccak

from commons.computations.job_facts import RecoverSigner, StartedJob
from commons.computations.statistics.members import CHECKPOINT, ROUND
from commons.computations.statistics.messages import SignedSums
from commons.computations.statistics.spec import StatisticsSpec
from commons.errors import NotAuthenticated, ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement

FULL_ERROR = 10**18
"""1 with 18 decimals, as the contract has errors."""


def sums_digest(*, place: bytes, row_count: int, sums: bytes) -> bytes:
    """What an owner signs with its encrypted sums.

    Args:
        place: of the question (`StartedJob.place`: chain, contract, job, round, checkpoint).
        row_count: that it accepted with.
        sums: digest of the ciphertexts.
    """
    return keccak(b"DeltaML statistics sums v1" + place + row_count.to_bytes(32, "big") + sums)


def digest_to_sign(job: StartedJob[StatisticsSpec], owner: str, sums: bytes) -> bytes:
    """`sums_digest` of one of the job's owners."""
    row_count = job.declaration_of(owner).row_count
    return sums_digest(place=job.place(ROUND, CHECKPOINT), row_count=row_count, sums=sums)


def require_own(job: StartedJob[StatisticsSpec], answer: SignedSums, recover: RecoverSigner) -> None:
    """Raise ProtocolViolation unless an owner of the job signed for the sums that are said to be its own."""
    digest = digest_to_sign(job, answer.owner, bytes.fromhex(answer.digest[2:]))
    try:
        signer = recover(digest, bytes.fromhex(answer.signature[2:]))
    except NotAuthenticated as error:
        raise ProtocolViolation(f"sums of {answer.owner}: {error.message}", field="signature") from error
    if signer != answer.owner:
        raise ProtocolViolation(f"sums of {answer.owner}: the signature is not its own", field="signature")


def paying_statements(
    job: StartedJob[StatisticsSpec], answered: Collection[str], delivery_digest: bytes
) -> tuple[CheckpointStatement, CheckpointStatement, CheckpointStatement]:
    """The statements that pay who answered: the start, the result, and the closing one over what is delivered.

    Args:
        job: public facts.
        answered: addresses.
        delivery_digest: of the delivered ciphertexts.
    """
    without = tuple(FULL_ERROR if trainer in answered else 0 for trainer in job.trainers)
    start = CheckpointStatement(job_id=job.job_id, index=0, round=0, mse_fixed=FULL_ERROR)
    result = CheckpointStatement(
        job_id=job.job_id, index=CHECKPOINT, round=ROUND, mse_fixed=0, leave_one_out_mses_fixed=without
    )
    return start, result, result.closing(delivery_digest)
