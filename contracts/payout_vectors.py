"""Writes the payout vectors, against which the rule in Python and the rule in Solidity are both tested.

    python contracts/payout_vectors.py            write contracts/test/vectors/*.json
    python contracts/payout_vectors.py --check    compare with what is committed; exit code 1 when they differ

`histories.json` has whole jobs: checkpoints, each an MSE followed by the leave-one-out MSEs, what they make of the trainers'
contributions, and what everybody gets, if the job was finalized (`delivered`) or expired. `contributions.json` starts from given
contributions, as large as the contract lets them become. Both are lists with one vector a line; MSEs (18 decimals) and
wei are decimal strings, `bps` are the shares of trainers, validators and aggregator.

The expected amounts come from the rule as docs/protocol.md and contracts/src/IMarketplace.sol word it, in exact fractions;
no code is shared with either implementation. What is drawn comes from SHAKE-256, so the files are the same wherever they
are made.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, TypeVar

VECTORS = Path(__file__).resolve().parent / "test" / "vectors"
HISTORIES = 5_700
CONTRIBUTIONS = 4_200
MAX_128 = 2**128 - 1
MSE_UNIT = 10**18
SENDABLE = 2**128 - 10**20
"""The largest deposit that Anvil takes: it adds value and fees in 128 bits."""
T = TypeVar("T")

DEPOSITS = (1, 2, 3, 9, 10, 9_999, 10_000, 10_001, 999_983, 10**9 + 7, 10**18, 10 * 10**18 + 7, SENDABLE, MAX_128)
SHARES = (
    (7000, 2000, 1000),
    (10_000, 0, 0),
    (0, 10_000, 0),
    (0, 0, 10_000),
    (0, 0, 0),
    (3333, 3333, 3333),
    (1, 1, 1),
    (9999, 1, 0),
)


class Draw:
    """Numbers from SHAKE-256 of a label and a counter, the same with every version of Python."""

    def __init__(self, label: str) -> None:
        self._label = label.encode()
        self._count = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        self._count += 1
        digest = hashlib.shake_256(b"DeltaML payout vectors v1" + self._label + self._count.to_bytes(8, "big")).digest(
            32
        )
        return int.from_bytes(digest, "big") % limit

    def of(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def magnitude(self, bits: int) -> int:
        """A number whose length is drawn first, so that small and huge ones are as frequent."""
        return self.below(2 ** self.below(bits + 1))


@dataclass(frozen=True)
class Terms:
    """What is agreed before training; `bps` of trainers, validators, aggregator."""

    deposit: int
    bps: tuple[int, int, int]
    validators: int


# ----------------------------------------------------------------------------------------------------------- the oracle


def split(terms: Terms, bps: Sequence[int], first: int, latest: int, contributions: Sequence[int]) -> dict[str, Any]:
    """Who gets what, every division rounded down, the rest to the buyer."""
    for_trainers, for_validators, for_aggregator = (floor(terms.deposit * Fraction(share, 10_000)) for share in bps)
    improvement = max(Fraction(0), Fraction(first - latest, first)) if first else Fraction(0)
    pool = floor(for_trainers * improvement)
    total = sum(contributions)
    parts = [Fraction(own, total) if total else Fraction(1, len(contributions)) for own in contributions]
    trainers = [floor(pool * part) for part in parts]
    validator = floor(Fraction(for_validators, terms.validators))
    refund = terms.deposit - sum(trainers) - terms.validators * validator - for_aggregator
    return {
        "trainers": [str(amount) for amount in trainers],
        "validator": str(validator),
        "aggregator": str(for_aggregator),
        "refund": str(refund),
    }


def history_vector(
    terms: Terms, trainers: int, checkpoints: Sequence[Sequence[int]], delivered: bool
) -> dict[str, Any]:
    """A whole job. `checkpoints[0]` is the start model's MSE alone; an expired job may have none."""
    gains = [[max(0, without - mse) for without in rest] for mse, *rest in checkpoints[1:]]
    contributions = [sum(column) for column in zip(*gains, strict=True)] or [0] * trainers
    trainer_bps, validator_bps, aggregator_bps = terms.bps
    bps = (trainer_bps, validator_bps if checkpoints else 0, aggregator_bps if checkpoints and delivered else 0)
    first, latest = (checkpoints[0][0], checkpoints[-1][0]) if checkpoints else (0, 0)
    return {
        "deposit": str(terms.deposit),
        "bps": terms.bps,
        "validators": terms.validators,
        "checkpoints": [[str(mse) for mse in checkpoint] for checkpoint in checkpoints],
        "delivered": delivered,
        "contributions": [str(own) for own in contributions],
        "pays": split(terms, bps, first, latest, contributions),
    }


def contribution_vector(terms: Terms, first: int, latest: int, contributions: Sequence[int]) -> dict[str, Any]:
    """A split by itself."""
    return {
        "deposit": str(terms.deposit),
        "bps": terms.bps,
        "validators": terms.validators,
        "initial": str(first),
        "final": str(latest),
        "contributions": [str(own) for own in contributions],
        "pays": split(terms, terms.bps, first, latest, contributions),
    }


# ------------------------------------------------------------------------------------------------------------ what is tried


def named_histories() -> Iterator[tuple[str, dict[str, Any]]]:
    """The ends that a settlement must survive, each delivered and expired."""
    unit, most = MSE_UNIT, MAX_128
    courses: dict[str, list[list[int]]] = {
        "falling": [[9 * unit], [5 * unit, 8 * unit, 4 * unit, 5 * unit], [3 * unit, 3 * unit + 1, 7, 0]],
        "the start model only": [[7]],
        "perfect at the start": [[0], [0, 0, 5, 1]],
        "perfect at the start, then worse": [[0], [3, 5, 2, 9]],
        "perfect at the end": [[unit], [0, 1, 2, 4]],
        "equal at the end": [[unit], [unit, 2 * unit, unit, unit + 1]],
        "rising": [[2 * unit], [5 * unit, 6 * unit, 6 * unit, 5 * unit]],
        "rising beyond all measure": [[1], [most, most, most, most]],
        "falling beyond all measure": [[most], [1, most, most, most - 1]],
        "down and up and down": [[9], [4, 5, 4, 3], [8, 9, 9, 9], [2, 2, 3, 2]],
        "falling by the least": [[most], [most - 1, most, 0, most]],
        "all leave-one-out MSEs equal": [[2 * unit], [unit, 3 * unit, 3 * unit, 3 * unit]],
        "all leave-one-out MSEs equal the MSE": [[2 * unit], [unit, unit, unit, unit]],
        "everybody's absence helps": [[2 * unit], [unit, 1, 0, unit - 1]],
        "one of three contributes": [[2 * unit], [unit, 1, unit + 1, unit]],
        "contributions larger than any MSE": [[most]] + [[0, most, most, 1]] * 5,
    }
    terms = Terms(10 * 10**18 + 7, (7000, 2000, 1000), 2)
    for (name, course), delivered in itertools.product(courses.items(), (True, False)):
        yield f"{name}, {'finalized' if delivered else 'expired'}", history_vector(terms, 3, course, delivered)
    yield "no checkpoint, expired", history_vector(terms, 3, [], False)
    for deposit in DEPOSITS:
        yield f"a deposit of {deposit} wei", history_vector(Terms(deposit, terms.bps, 2), 3, courses["falling"], True)
    for bps in SHARES:
        yield f"shares of {bps}", history_vector(Terms(terms.deposit, bps, 2), 3, courses["falling"], True)
    yield "one trainer, one validator", history_vector(Terms(10**18, (7000, 2000, 1000), 1), 1, [[9], [5, 9]], True)
    crowd = [
        [unit],
        [unit // 3, *(unit // 3 + 7 * t for t in range(100))],
        [unit // 7, *(unit // 5 - t for t in range(100))],
    ]
    for delivered in (True, False):
        full = history_vector(Terms(10**18 + 1, (7000, 2000, 1000), 40), 100, crowd, delivered)
        yield f"100 trainers, 40 validators, {'finalized' if delivered else 'expired'}", full
    huge = [[MAX_128], [0, *([MAX_128] * 100)]]
    for deposit in (SENDABLE, MAX_128):
        at_most = history_vector(Terms(deposit, (7000, 2000, 1000), 40), 100, huge, True)
        yield f"100 trainers, 40 validators, MSEs at their most, {deposit} wei", at_most


def drawn_terms(draw: Draw) -> Terms:
    """Half of the deposits and shares are edges, the others anything; small deposits are where rounding shows."""
    deposit = draw.of(DEPOSITS) if draw.below(4) == 0 else draw.magnitude(draw.of((16, 24, 64, 128))) or 1
    bps = draw.of(SHARES)
    if draw.below(2):
        trainer = draw.below(10_001)
        validator = draw.below(10_001 - trainer)
        bps = (trainer, validator, draw.below(10_001 - trainer - validator))
    return Terms(deposit, bps, draw.of((1, 1, 2, 2, 3, 5, 7, 13, 40)))


def drawn_mse(draw: Draw, former: int) -> int:
    """An MSE after `former`: lower as a rule, or equal, perfect, worse, anything."""
    lower = former * draw.below(1000) // 1000
    worse = min(MAX_128, former + 1 + draw.magnitude(8))
    others = (former, former, 0, worse, min(MAX_128, 2 * former), MAX_128, draw.below(MAX_128))
    return draw.of((*[lower] * 9, *others))


def drawn_without(draw: Draw, mse: int, trainers: int) -> list[int]:
    """Leave-one-out MSEs at an MSE of `mse`."""
    kind = draw.below(8)
    if kind == 0:
        return [mse] * trainers
    if kind == 1:
        return [draw.of((0, mse, MAX_128))] * trainers
    if kind == 2:
        return [draw.below(mse + 1) for _ in range(trainers)]
    spread = draw.of((3, 100, 10**6, max(1, mse)))
    return [max(0, min(MAX_128, mse - spread // 4 + draw.below(spread))) for _ in range(trainers)]


def drawn_histories(count: int) -> Iterator[dict[str, Any]]:
    """Jobs of up to five trainers and three checkpoints after the start, one in four expired."""
    draw = Draw("histories")
    for _ in range(count):
        terms, trainers = drawn_terms(draw), draw.of((1, 1, 2, 2, 2, 3, 3, 5))
        mse = draw.of((0, 1, 7, MAX_128)) if draw.below(8) == 0 else 1 + draw.magnitude(draw.of((8, 20, 60, 60)))
        course = [[mse]]
        for _ in range(draw.of((0, 1, 1, 1, 1, 2, 2, 3))):
            mse = drawn_mse(draw, mse)
            course.append([mse, *drawn_without(draw, mse, trainers)])
        delivered = draw.below(4) > 0
        yield history_vector(terms, trainers, [] if not delivered and draw.below(8) == 0 else course, delivered)


def drawn_contributions(count: int) -> Iterator[dict[str, Any]]:
    """Splits for up to six trainers, equal and lone contributions among them."""
    draw = Draw("contributions")
    for _ in range(count):
        terms, trainers = drawn_terms(draw), draw.of((1, 2, 2, 3, 3, 4, 6))
        first = draw.of((0, 1, 3, MAX_128)) if draw.below(6) == 0 else 1 + draw.magnitude(draw.of((8, 60, 120)))
        kind = draw.below(8)
        if kind == 0:
            own = [draw.of((0, 1, 2**160 - 1))] * trainers
        elif kind == 1:
            own = [draw.of((0, 0, 2**160 - 1)) for _ in range(trainers)]
        else:
            bits = draw.of((2, 8, 24, 60, 160))
            own = [draw.magnitude(bits) for _ in range(trainers)]
        yield contribution_vector(terms, first, drawn_mse(draw, first), own)


# ------------------------------------------------------------------------------------------------------------------- files


def render(vectors: Sequence[dict[str, Any]]) -> str:
    """The text of a file: a JSON list, one vector a line."""
    lines = (json.dumps(vector, separators=(",", ":")) for vector in vectors)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def files() -> dict[str, str]:
    """The text of each file, by name."""
    named = [{"case": name, **vector} for name, vector in named_histories()]
    most = 2**160 - 1
    edges = [
        contribution_vector(Terms(deposit, bps, validators), MAX_128, latest, own)
        for deposit, bps, validators, latest, own in itertools.product(
            (1, 10**18, MAX_128),
            (SHARES[0], SHARES[1]),
            (1, 40),
            (0, 1, MAX_128 - 1),
            ([most], [most, 1], [most] * 3, [0, 0, 1]),
        )
    ]
    crowd = contribution_vector(Terms(MAX_128, SHARES[0], 40), MAX_128, 0, [most - t for t in range(100)])
    return {
        "histories.json": render([*named, *drawn_histories(HISTORIES)]),
        "contributions.json": render([crowd, *edges, *drawn_contributions(CONTRIBUTIONS)]),
    }


def main() -> int:
    """Write or check the vectors; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the payout vectors into contracts/test/vectors/.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is out of date")
    check = parser.parse_args().check
    stale = 0
    for name, text in files().items():
        path = VECTORS / name
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"wrote {path.relative_to(VECTORS.parents[2])}\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale += 1
            sys.stderr.write(f"{name} is out of date: run python contracts/payout_vectors.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
