"""What every message and stored value is made of: frozen models, and how numbers, addresses and bytes travel in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

LATEST_TIME = 2**37
"""Unix seconds, in the year 6325: later moments have no date in many libraries."""
_NO_NUL = "must not hold the character NUL"


@lru_cache(maxsize=100_000)
def _with_checksum(address: str) -> str:
    return str(to_checksum_address(address))


# An account must be the same text wherever it is compared or signed over: the one with a checksum (EIP-55).
Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(_with_checksum)]
Hex32 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
HexBytes = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$", max_length=10_000)]
# Opened integers are thousands of bits long, far beyond what JSON numbers carry.
BigInteger = Annotated[str, Field(pattern=r"^-?0x[0-9a-f]+$", max_length=10_000)]


def _to_int(value: object) -> object:
    return int(value) if isinstance(value, str) and value.strip().lstrip("-").isdigit() else value


# Integers beyond 2^53 do not survive JavaScript's numbers, so amounts travel as decimal strings.
Wei = Annotated[
    int,
    BeforeValidator(_to_int),
    Field(
        ge=0,
        lt=2**128,
        json_schema_extra={"type": "string", "pattern": "^[0-9]+$", "maxLength": 39, "examples": ["1000000000"]},
    ),
    PlainSerializer(str, return_type=str, when_used="json"),
]


class FrozenModel(BaseModel):
    """A message or value that is checked on arrival and never changes.

    Unknown members are errors, so that a misspelt one is not silently lost, and no text holds the character NUL, which
    PostgreSQL cannot store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, values: object) -> object:
        if isinstance(values, Mapping):
            for name, value in values.items():
                if _holds_nul(value):
                    raise ValueError(f"{name}: {_NO_NUL}")
        return values


def _holds_nul(value: object) -> bool:
    """Whether a text, or one in a list or mapping of texts, holds NUL; members that are models look for themselves."""
    match value:
        case str():
            return "\0" in value
        case list() | tuple():
            return any(isinstance(item, str) and "\0" in item for item in value)
        case dict():
            return any(isinstance(item, str) and "\0" in item for pair in value.items() for item in pair)
        case _:
            return False


def to_hex(value: int) -> str:
    """An integer as `BigInteger`."""
    return hex(value)


def from_hex(text: str) -> int:
    """The integer of a `BigInteger`."""
    return int(text, 16)
