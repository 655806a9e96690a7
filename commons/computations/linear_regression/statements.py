"""Digests of what validators sign, so that nothing that they sent can be used elsewhere, or exchanged on its way.

Both begin with the place (`JobContext.place`: chain, contract, job, round, checkpoint) and the rows that the validator
accepted with.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak


def candidates_digest(digests: Sequence[bytes]) -> bytes:
    """One digest for an ordered list of candidate vectors, from the digest of each."""
    return keccak(b"".join(digests))


def evaluation_digest(
    *, place: bytes, row_count: int, candidates: bytes, masked: Sequence[bytes], corrections: bytes
) -> bytes:
    """What a validator signs when it has evaluated.

    Args:
        place: of the checkpoint.
        row_count: that it accepted with.
        candidates: `candidates_digest` of the models.
        masked: digests of its masked residuals, two for each candidate.
        corrections: digest of its corrections.
    """
    head = b"DeltaML validator evaluation v1" + place + row_count.to_bytes(32, "big")
    return keccak(head + candidates + keccak(b"".join(masked)) + corrections)


def statement_digest(*, place: bytes, row_count: int, candidates: bytes, sse: bytes, zero_check: bytes) -> bytes:
    """What a validator signs in the end: the place, its rows, and digests of candidates, [SSE] and zero check."""
    head = b"DeltaML validator statement v2" + place + row_count.to_bytes(32, "big")
    return keccak(head + candidates + sse + zero_check)
