"""Rows, and what they add up to, that are found wherever they are written; and the search for them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commons.chain.marketplace import Marketplace
from commons.computations.statistics.spec import CategoryColumn, NumberColumn
from commons.computations.statistics.summing import exact_gram, fixed_point
from commons.errors import Conflict, NotFound
from deltaml.demo.kinds.linear_regression import LinearRegressionJob, RegressionTable
from deltaml.demo.kinds.statistics import CellColumn, CellTable, StatisticsJob
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import job_request
from deltaml.demo.world import World

TRAINING = {"scaling": "none", "rounds": 6, "evaluate_every": 3, "learning_rate": 0.5}
LEVELS = ("clay", "loam", "peat", "sand")
ROWS = 60
_WORD = np.dtype("<u8")
_WORD_BYTES = _WORD.itemsize
_FEW = 100
"""Traces for each of which the whole is searched, sooner than all its words are looked up."""


def traces(value: float) -> list[bytes]:
    """How a number could stand in a body or a database: its leading digits as text, or its float64 in either order."""
    digits = f"{abs(value):.17e}".replace(".", "")[:9]
    texts = {repr(abs(value))[:10], f"{digits[0]}.{digits[1:]}"}
    return [*(text.encode() for text in texts if len(text) >= 9), struct.pack("<d", value), struct.pack(">d", value)]


def traces_of_integer(value: int) -> list[bytes]:
    """The same of an integer of many digits: decimal or hexadecimal text, or its bytes in either order."""
    assert value > 2**40, "short numbers are found everywhere"
    size = -(-value.bit_length() // 8)
    return [str(value).encode(), f"{value:x}".encode(), value.to_bytes(size, "big"), value.to_bytes(size, "little")]


def traces_of_counts(counts: list[int] | dict[str, int]) -> list[bytes]:
    """The same of small integers, which say something together only: as JSON, or as 64-bit integers."""
    array = np.array(list(counts.values()) if isinstance(counts, dict) else counts)
    return [json.dumps(counts).encode(), json.dumps(counts, separators=(",", ":")).encode(), array.tobytes()]


def found_in(haystacks: dict[str, bytes], wanted: Iterable[bytes]) -> list[str]:
    """Which of some traces are in which place; the time does not grow with their number, unless they are there."""
    traces = list(wanted)
    if len(traces) < _FEW:
        return [f"{trace!r} in {name}" for trace in traces for name, data in haystacks.items() if trace in data]
    beginnings = np.unique(np.array([_beginning(trace) for trace in traces if len(trace) >= _WORD_BYTES], _WORD))
    seen = {name: _seen(data, beginnings) for name, data in haystacks.items()}
    return [
        f"{trace!r} in {name}"
        for trace in traces
        for name, data in haystacks.items()
        if (len(trace) < _WORD_BYTES or _beginning(trace) in seen[name]) and trace in data
    ]


def _beginning(trace: bytes) -> int:
    return int.from_bytes(trace[:_WORD_BYTES], "little")


def _seen(data: bytes, beginnings: npt.NDArray[np.uint64]) -> set[int]:
    """Which of some words, shape (n_words,) and in order, are anywhere in data."""
    found: set[int] = set()
    for offset in range(min(_WORD_BYTES, len(data) - _WORD_BYTES + 1) if beginnings.size else 0):
        words = np.frombuffer(data, _WORD, (len(data) - offset) // _WORD_BYTES, offset)
        nearest = beginnings[np.minimum(np.searchsorted(beginnings, words), beginnings.size - 1)]
        found.update(words[nearest == words].tolist())
    return found


def occurrences(haystacks: dict[str, bytes], values: np.ndarray) -> list[str]:
    """Where traces of some numbers are."""
    return found_in(haystacks, (trace for value in values.ravel() for trace in traces(float(value))))


def databases(folder: Path, name: str) -> dict[str, bytes]:
    """What a service of a world has in its database."""
    files = {path.name: path.read_bytes() for path in (folder / name).glob("*.sqlite3*")}
    assert files, f"{name} has a database"
    return {f"{name}/{key}": value for key, value in files.items()}


class Canaries:
    """Rows that are found wherever they are, for a regression, and for statistics, which are about two columns with gaps too."""

    def __init__(self) -> None:
        rng = np.random.default_rng(17)
        X = rng.uniform(-0.9, 0.9, (ROWS, 3))
        y = X @ np.array([0.31, -0.22, 0.13]) + rng.uniform(-0.05, 0.05, ROWS)
        self.cells = np.column_stack([X, y])
        self.regression = LinearRegressionJob(
            RegressionTable("canaries", ("north", "east", "up"), "depth", X, y), TRAINING
        )
        slope = np.where(rng.uniform(size=ROWS) < 0.2, np.nan, rng.uniform(-0.9, 0.9, ROWS))
        soil = np.where(rng.uniform(size=ROWS) < 0.2, np.nan, rng.integers(0, len(LEVELS), ROWS).astype(float))
        numbers = {"north": X[:, 0], "east": X[:, 1], "up": X[:, 2], "depth": y, "slope": slope}
        columns = [number_column(name, values) for name, values in numbers.items()]
        texts = ["" if np.isnan(index) else LEVELS[int(index)] for index in soil]
        columns.append(
            CellColumn(CategoryColumn(name="soil", levels=LEVELS), np.array(texts, dtype=object), soil),
        )
        self.statistics = StatisticsJob(CellTable("canaries", tuple(columns)))

    def request(self, options: DemoOptions) -> dict[str, Any]:
        """The regression. Declared ranges are public, so here they are no cell of the data."""
        request = job_request(options, self.regression)
        for column in (*request["computation"]["features"], request["computation"]["target"]):
            column["minimum"], column["maximum"] = -1.0, 1.0
        return request

    def means(self) -> np.ndarray:
        """Of all rows together."""
        return np.array([np.nanmean(one.values) for one in self.statistics.table.columns if is_number(one)])

    def traces_of_sums(self, rows: np.ndarray) -> list[bytes]:
        """Of what some rows add up to: the exact sums, sums and means as floats, the counts of bins and levels."""
        wanted: list[bytes] = []
        for column in self.statistics.table.columns:
            values = column.values[rows]
            filled = values[~np.isnan(values)]
            if not is_number(column):
                counts = np.bincount(filled.astype(int), minlength=len(LEVELS)).tolist()
                wanted += [*traces_of_counts(counts), *traces_of_counts(dict(zip(LEVELS, counts, strict=True)))]
                continue
            integers = fixed_point(column.declared, filled)
            total, squares = sum(map(int, integers)), int(exact_gram(integers[:, None])[0, 0])
            wanted += [*traces_of_integer(total), *traces_of_integer(squares)]
            for moment in (filled.sum(), filled.mean(), filled.var(), filled.std()):
                wanted += traces(float(moment))
            wanted += traces_of_counts(np.histogram(filled, column.declared.edges())[0].tolist())
        return wanted


def number_column(name: str, values: np.ndarray) -> CellColumn:
    cells = np.array(["" if np.isnan(value) else repr(float(value)) for value in values], dtype=object)
    return CellColumn(NumberColumn(name=name, minimum=-1, maximum=1), cells, values)


def is_number(column: CellColumn) -> bool:
    return isinstance(column.declared, NumberColumn)


class WatchedBuyer:
    """Keeps the states in which the buyer's database was seen without a result, and sees that there is none before the pay."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._folder = world, folder
        self.before_pay: list[dict[str, bytes]] = []

    def follow(self, job: dict[str, Any]) -> None:
        snapshot = databases(self._folder, "buyer")
        try:
            self._world.buyer.session.get(f"/v1/jobs/{job['id']}/result")
        except (Conflict, NotFound):
            # Most looks find it as it was.
            if self.before_pay[-1:] != [snapshot]:
                self.before_pay.append(snapshot)
        else:
            marketplace = Marketplace(self._world.rpc_url, self._world.contract_address)
            assert marketplace.job_finalized(job["job_id"]) is not None, "the result is out before the pay"
