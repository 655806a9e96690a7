"""Masks expanded from 32-byte seeds, and the two uses the aggregator makes of them.

A seed is drawn with `secrets` and stored before its mask is used, so that a crash between adding a mask and taking it off
loses nothing. The delivery seed's hash is on chain from the start of training; `finalize` publishes the seed itself.
"""

from __future__ import annotations

import hashlib
import secrets

from eth_utils.crypto import keccak

SEED_BYTES = 32


def draw_seed() -> bytes:
    """A fresh secret seed."""
    return secrets.token_bytes(SEED_BYTES)


def seed_hash(seed: bytes) -> bytes:
    """keccak256 of the seed, as committed on chain."""
    return keccak(seed)


def expand_mask(seed: bytes, purpose: bytes, count: int, bits: int) -> list[int]:
    """`count` integers below 2^bits, from SHAKE-256 (FIPS 202) over the seed, the purpose and the shape."""
    width = -(-bits // 8)
    prefix = b"DeltaML mask v1" + len(purpose).to_bytes(4, "big") + purpose
    prefix += count.to_bytes(8, "big") + bits.to_bytes(8, "big")
    stream = hashlib.shake_256(prefix + seed).digest(width * count)
    excess = 8 * width - bits
    return [int.from_bytes(stream[at : at + width], "big") >> excess for at in range(0, len(stream), width)]


def refresh_mask(seed: bytes, count: int, bits: int) -> list[int]:
    """The mask of one refresh."""
    return expand_mask(seed, b"refresh", count, bits)
