"""How large a Paillier key must be for a service, a command or a test to work with it."""

from __future__ import annotations

from dataclasses import dataclass

MINIMUM_KEY_BITS = 2048
DEFAULT_KEY_BITS = 3072
MAXIMUM_KEY_BITS = 16384
"""Above this a single power takes seconds: a key that somebody sent must not be able to stall its receiver."""


@dataclass(frozen=True)
class KeyPolicy:
    """Which sizes of keys are taken; made once, where the configuration is read, and handed to whoever takes keys.

    Attributes:
        minimum_bits: The fewest bits that a modulus may have.
    """

    minimum_bits: int = MINIMUM_KEY_BITS

    @classmethod
    def of(cls, *, unsafe_small_key: bool) -> KeyPolicy:
        """Return what the setting of this name asks for: `UNSAFE_SMALL_KEYS`, or else `STANDARD_KEYS`."""
        return UNSAFE_SMALL_KEYS if unsafe_small_key else STANDARD_KEYS


STANDARD_KEYS = KeyPolicy()
UNSAFE_SMALL_KEYS = KeyPolicy(minimum_bits=0)
"""For tests: such a key hides nothing from a determined reader."""
