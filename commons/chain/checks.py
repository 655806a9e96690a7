"""Checks that a value is one that the contract can hold; each failure names the field."""

from __future__ import annotations

from eth_utils.address import is_address, to_checksum_address

from commons.errors import InvalidInput


def checked_address(field: str, address: str) -> str:
    """Return `address` with its checksum (EIP-55); raises `InvalidInput` when it is no address."""
    if not isinstance(address, str) or not is_address(address):
        raise InvalidInput(f"{field} is {address!r}; it must be an Ethereum address, 0x and 40 hex digits", field=field)
    return to_checksum_address(address)


def check_uint(field: str, value: int, bits: int) -> None:
    """Raise `InvalidInput` unless `value` is a whole number of at most `bits` bits."""
    # bool is an int to Python and never a number to the contract.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise InvalidInput(f"{field} is {value!r}; it must be a whole number from 0 to 2^{bits} - 1", field=field)


def check_digest(field: str, value: bytes) -> None:
    """Raise `InvalidInput` unless `value` is 32 bytes."""
    if not isinstance(value, bytes) or len(value) != 32:
        raise InvalidInput(f"{field} must be 32 bytes", field=field)
