"""Amounts and durations as people write them."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import click

_WEI_PER_UNIT = {"wei": 1, "gwei": 10**9, "ether": 10**18, "eth": 10**18}
_SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_DURATION = re.compile(r"(\d+)\s*([smhd]?)")


def parse_wei(text: str) -> int:
    """Return wei of an amount like `1000`, `20gwei` or `0.5 ether`; raises ValueError naming what was expected."""
    match = _AMOUNT.fullmatch(text.strip().lower())
    unit = match.group(2) or "wei" if match else ""
    if match is None or unit not in _WEI_PER_UNIT:
        raise ValueError(f"{text!r} is no amount; expected for example 1000000 (wei), 20gwei or 0.5ether")
    wei = Fraction(match.group(1)) * _WEI_PER_UNIT[unit]
    if wei.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of wei")
    return int(wei)


def parse_seconds(text: str) -> int:
    """Return seconds of a duration like `90`, `30m`, `12h` or `2d`; raises ValueError naming what was expected."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no duration; expected for example 90 (seconds), 30m, 12h or 2d")
    return int(match.group(1)) * _SECONDS_PER_UNIT[match.group(2) or "s"]


def format_wei(wei: int | str | None) -> str:
    """Return an amount for people, exact: in ether when it is at least 10^-6 of one, else in wei."""
    if wei is None:
        return "–"
    amount = int(wei)
    if amount == 0:
        return "0"
    if amount < 10**12:
        return f"{amount} wei"
    whole, rest = divmod(amount, _WEI_PER_UNIT["ether"])
    fraction = f".{rest:018d}".rstrip("0") if rest else ""
    return f"{whole}{fraction} ETH"


class WeiType(click.ParamType[int]):
    """An amount of money on the command line."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse, or fail naming the option."""
        try:
            return parse_wei(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DurationType(click.ParamType[int]):
    """A duration on the command line."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse, or fail naming the option."""
        try:
            return parse_seconds(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
