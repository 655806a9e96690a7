"""The mask under which a result is handed over: the buyer can take it off only when everybody has been paid.

The hash of a job's delivery seed is on chain from its start; `finalize`, the transaction that pays, publishes the seed.
"""

from __future__ import annotations

from commons.ciphers.masks import expand_mask


def delivery_mask(seed: bytes, job_id: int, count: int, bits: int) -> list[int]:
    """`count` integers below 2^bits, which everybody can repeat once the seed is public."""
    return expand_mask(seed, b"delivery" + job_id.to_bytes(32, "big"), count, bits)
