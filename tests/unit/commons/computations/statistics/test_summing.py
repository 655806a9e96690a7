"""Sums of tables against numpy and Python's integers; what cannot be summed is named with its cell."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commons.computations.statistics.cells import checked_blocks
from commons.computations.statistics.spec import NumberColumn
from commons.computations.statistics.summing import exact_gram, fixed_point, sum_table
from commons.computations.statistics.sums import ONE, CategorySums, NumberSums
from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.cells import arrow_column, text_column
from tests.doubles.in_memory_table import in_memory_table
from tests.unit.commons.computations.statistics.conftest import part_of, spec_of

NAN = float("nan")
X = {"kind": "number", "name": "x", "minimum": 0, "maximum": 100}
Y = {"kind": "number", "name": "y", "minimum": -1, "maximum": 1}
LEVEL = {"kind": "category", "name": "level", "levels": ["1", "1.0", "none", "high é"]}
RANGES = [(0, 1), (-1e100, 1e100), (0, 2.3e-308), (1e15, 1e15 + 1), (-3, 1e-3), (5e-324, 1.0)]


def sums_of(columns, cells, **table):
    return sum_table(spec_of(columns), in_memory_table(cells, **table))


@pytest.mark.parametrize("block_rows", [1, 7, 200])
@pytest.mark.parametrize("correlation", [False, True])
def test_sums_are_those_of_pythons_integers_whatever_the_blocks(block_rows, correlation):
    part, spec = part_of(3, 150), spec_of(correlation=correlation)
    sums = sum_table(spec, in_memory_table(part, block_rows=block_rows))
    values = {}
    for column, found in zip(spec.numbers, sums.columns, strict=False):
        cells = part[column.name]
        v = [int(one) for one in fixed_point(column, cells[~np.isnan(cells)])]
        assert (found.count, found.total, found.squares) == (len(v), sum(v), sum(one * one for one in v))
        counts, _ = np.histogram(cells[~np.isnan(cells)], column.edges())
        assert list(found.bins) == counts.tolist()
        complete = ~np.isnan(part["age"]) & ~np.isnan(part["bmi"])
        values[column.name] = [int(one) for one in fixed_point(column, cells[complete])]
    assert sums.columns[2] == CategorySums(tuple(int((part["sex"] == level).sum()) for level in ("f", "m")))
    assert sums.rows == 150
    if not correlation:
        assert sums.products is None
        return
    age, bmi = values["age"], values["bmi"]
    assert (sums.products.rows, sums.products.totals) == (len(age), (sum(age), sum(bmi)))
    assert sums.products.product(0, 1) == sums.products.product(1, 0)
    assert sums.products.products == tuple(
        sum(a * b for a, b in zip(left, right, strict=True)) for left, right in ((age, age), (age, bmi), (bmi, bmi))
    )


@pytest.mark.parametrize(("low", "high"), RANGES)
@given(parts=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_value_is_its_part_of_the_range_to_the_last_digits_of_a_float(low, high, parts):
    column = NumberColumn(name="x", minimum=low, maximum=high)
    x = np.clip(np.array([low + part * (high - low) for part in parts]), low, high)
    v = fixed_point(column, np.append(x, [low, high]))
    assert (v[-2:] == [0, ONE]).all()
    exact = [(Fraction(float(one)) - Fraction(column.minimum)) / (Fraction(high) - Fraction(low)) * ONE for one in x]
    assert all(abs(int(found) - wanted) <= 2 for found, wanted in zip(v, exact, strict=False))
    order = np.argsort(x, kind="stable")
    assert (np.diff(v[:-2][order]) >= 0).all()


@given(st.lists(st.lists(st.integers(0, ONE), min_size=3, max_size=3), max_size=30))
def test_a_gram_matrix_is_exact(values):
    wanted = [[sum(row[i] * row[j] for row in values) for j in range(3)] for i in range(3)]
    assert exact_gram(np.array(values, dtype=np.int64).reshape(-1, 3)).tolist() == wanted


def test_a_gram_matrix_of_many_rows_of_the_largest_values_is_exact():
    assert exact_gram(np.full((200_001, 1), ONE)).tolist() == [[200_001 * ONE**2]]


@settings(max_examples=30)
@given(
    data=st.data(),
    bins=st.integers(1, 20),
    low=st.sampled_from([0.0, -5.0, 0.1, 1e9]),
    width=st.sampled_from([0.3, 1.0, 7.0, 1e6]),
)
def test_bins_are_those_of_numpys_histogram_also_at_the_edges(data, bins, low, width):
    column = {"kind": "number", "name": "x", "minimum": low, "maximum": low + width, "bins": bins}
    edges = spec_of([column]).columns[0].edges()
    near = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    near = near[(near >= edges[0]) & (near <= edges[-1])]
    drawn = data.draw(st.lists(st.floats(edges[0], edges[-1]), max_size=20))
    x = np.concatenate([near, drawn])
    (found,) = sums_of([column], {"x": x}).columns
    assert list(found.bins) == np.histogram(x, edges)[0].tolist()
    assert sum(found.bins) == found.count == len(x)


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([50.0], NumberSums(1, ONE // 2, (ONE // 2) ** 2, (0,) * 5 + (1,) + (0,) * 4)),
        ([NAN, NAN], NumberSums(0, 0, 0, (0,) * 10)),
        ([100.0] * 3, NumberSums(3, 3 * ONE, 3 * ONE**2, (0,) * 9 + (3,))),
        ([0.0, NAN], NumberSums(1, 0, 0, (1,) + (0,) * 9)),
    ],
)
def test_one_row_no_value_and_constants(cells, wanted):
    sums = sums_of([X], {"x": cells})
    assert sums.columns == (wanted,)
    assert sums.rows == len(cells)


def test_without_a_complete_row_there_are_no_products():
    spec = spec_of([X, Y], correlation=True)
    sums = sum_table(spec, in_memory_table({"x": [1.0, NAN], "y": [NAN, 1.0]}))
    assert (sums.products.rows, sums.products.totals, sums.products.products) == (0, (0, 0), (0, 0, 0))


def test_a_category_is_compared_by_its_text_whatever_the_text_looks_like():
    cells = [" 1", "1.0", "none", "", "high é ", "1"]
    sums = sums_of([LEVEL], {"level": cells})
    assert sums.columns == (CategorySums((2, 1, 1, 1)),)
    assert sums.rows == 6


def test_cells_of_files_are_read_as_levels():
    import pyarrow as pa

    from commons.tables.table import Table, TableBlock

    def table(column):
        return Table(lambda _names: iter([TableBlock("owner", 1, {"level": column})]))

    texts = text_column(pa.array(["1", "none", "NA", "", " 1.0 "]))
    assert sum_table(spec_of([LEVEL]), table(texts)).columns == (CategorySums((1, 1, 1, 0)),)
    whole = arrow_column(pa.array([1, 1, None]))
    assert sum_table(spec_of([LEVEL]), table(whole)).columns == (CategorySums((2, 0, 0, 0)),)


def test_columns_go_by_the_owners_own_names_and_the_first_bad_cell_in_row_order_is_named():
    mapping = {"x": "Age (years)", "level": "Level"}
    cells = {"Age (years)": [1.0, 2, 3, 4, 5, 101], "Level": ["1", "1", "1", "1", "other", "1"]}
    with pytest.raises(DatasetInvalid) as caught:
        sums_of([X, LEVEL], cells, column_mapping=mapping)
    assert (caught.value.fields["column"], caught.value.fields["row"]) == ("Level", 5)
    assert "one of the levels that the job declares: 1, 1.0, none, high é" in caught.value.message


@pytest.mark.parametrize(
    ("columns", "cells", "said"),
    [
        ([X], {"x": [1.0, 100.5]}, "column 'x', row 2 holds '100.5'; expected a value from 0 to 100"),
        ([X], {"x": ["3", "ten"]}, "column 'x', row 2 holds 'ten'; expected a number"),
        ([X], {"y": [1.0]}, "there is no column 'x'"),
        ([X, Y], {"x": [1.0], "y": [-2.0]}, "expected a value from -1 to 1"),
        ([X], {"x": []}, "there are 0 rows; expected at least 1"),
    ],
)
def test_what_cannot_be_summed_is_named(columns, cells, said):
    with pytest.raises(DatasetInvalid) as caught:
        sums_of(columns, cells)
    assert said in caught.value.message


def test_too_few_rows_are_refused():
    with pytest.raises(DatasetInvalid, match="there are 2 rows; expected at least 3"):
        list(checked_blocks(spec_of([X]), in_memory_table({"x": [1.0, 2]}), min_rows=3))
