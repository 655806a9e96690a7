"""Histograms of whole files: every usable cell is counted once, whatever the range."""

from __future__ import annotations

from typing import Any

import pytest

from commons.errors import NotFound
from data_owner.adapters.data_files import open_data_file
from data_owner.services.datasets import DatasetDetails
from data_owner.services.histograms import MAX_COLUMNS, DatasetHistograms, Histograms


def count(world: Any, text: str, *, bins: int = 10, columns: tuple[str, ...] = ()) -> DatasetHistograms:
    path = world.folder / "cells.csv"
    path.write_text(text)
    dataset_id = world.datasets.add(path, DatasetDetails()).id
    return Histograms(world.database, open_data_file).of(dataset_id, columns, bins)


def column(*cells: object) -> str:
    return "\n".join(["x", *map(str, cells)]) + "\n"


@pytest.mark.parametrize(
    ("cells", "bins", "edges", "counts"),
    [
        # The largest number belongs to the last bin.
        ((0.5, 1.5, 2.5), 2, (0.5, 1.5, 2.5), (1, 2)),
        # Whole numbers in few steps have a bin each.
        ((0, 1, 1, 0, 1), 20, (0.0, 0.5, 1.0), (2, 3)),
        ((7, 7, 7), 20, (7.0, 7.0), (3,)),
        ((-1e308, 1e308), 2, (-1e308, 0.0, 1e308), (1, 1)),
        ((0.0, 5e-324), 1, (0.0, 5e-324), (2,)),
    ],
)
def test_cells_fall_into_their_bins(
    world: Any, cells: tuple[float, ...], bins: int, edges: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    (found,) = count(world, column(*cells), bins=bins).histograms
    assert (found.edges, found.counts) == (edges, counts)


def test_cells_that_are_no_numbers_are_counted_apart(world: Any) -> None:
    text = "x,word\n" + "\n".join(["1,a", ",b", "NaN,c", "2,d", "huh,e"]) + "\n"
    number, word = count(world, text, bins=1).histograms
    assert (number.counts, number.missing_count, number.unusable_count) == ((2,), 2, 1)
    assert (word.edges, word.counts, word.unusable_count) == ((), (), 5)


def test_a_long_file_is_counted_whole(world: Any) -> None:
    found = count(world, column(*(number % 100 for number in range(150_000))), bins=100)
    assert found.row_count == 150_000
    assert found.histograms[0].counts == (1500,) * 100


def test_a_file_that_has_grown_since_is_counted_into_the_outer_bins(world: Any) -> None:
    path = world.write_rows(rows=8)
    dataset_id = world.datasets.add(path, DatasetDetails()).id
    with path.open("a") as file:
        file.write("5,5,5\n-5,-5,-5\n")
    found = Histograms(world.database, open_data_file).of(dataset_id, ("a",), 4)
    assert (found.row_count, sum(found.histograms[0].counts)) == (10, 10)


def test_the_first_columns_are_counted_when_none_is_named(world: Any) -> None:
    names = [f"c{number}" for number in range(MAX_COLUMNS + 5)]
    text = ",".join(names) + "\n" + ",".join(["1"] * len(names)) + "\n"
    assert len(count(world, text).histograms) == MAX_COLUMNS


def test_a_file_that_is_gone_is_not_found(world: Any) -> None:
    path = world.write_rows()
    dataset_id = world.datasets.add(path, DatasetDetails()).id
    path.unlink()
    with pytest.raises(NotFound, match=r"rows\.csv"):
        Histograms(world.database, open_data_file).of(dataset_id, (), 10)
