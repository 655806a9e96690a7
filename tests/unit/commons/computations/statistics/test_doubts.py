"""Sums of rows are never in doubt; sums that no rows have are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.computations.statistics.doubts import find_doubts
from commons.computations.statistics.outcome import make_report
from commons.computations.statistics.summing import sum_table
from commons.computations.statistics.sums import CategorySums, TableSums
from tests.doubles.in_memory_table import in_memory_table
from tests.unit.commons.computations.statistics.conftest import part_of, spec_of

SPEC = spec_of(correlation=True)


def pooled():
    """Sums of three owners' parts."""
    vectors = [sum_table(SPEC, in_memory_table(part_of(seed, 20))).vector() for seed in range(3)]
    return TableSums.of_vector(SPEC, [sum(each) for each in zip(*vectors, strict=True)])


def codes(sums, rows=60):
    return [doubt.code for doubt in find_doubts(SPEC, sums, rows)]


@given(
    cells=st.lists(
        st.tuples(*(st.one_of(st.just(float("nan")), st.floats(low, high)) for low, high in ((0, 120), (10, 60)))),
        min_size=1,
        max_size=20,
    )
)
def test_sums_of_rows_are_not_in_doubt(cells):
    age, bmi = np.array(cells).T
    sums = sum_table(SPEC, in_memory_table({"age": age, "bmi": bmi, "sex": ["f"] * len(age)}))
    assert codes(sums, len(cells)) == []


def with_column(place, **changes):
    sums = pooled()
    columns = list(sums.columns)
    columns[place] = replace(columns[place], **changes)
    return replace(sums, columns=tuple(columns))


def test_pooled_sums_are_not_in_doubt():
    assert codes(pooled()) == []


@pytest.mark.parametrize(
    ("sums", "wanted"),
    [
        (replace(pooled(), rows=61), ["rows"]),
        (with_column(0, count=1), ["counts", "correlation"]),
        (with_column(0, bins=(61,) + (0,) * 9, count=61), ["counts"]),
        (with_column(0, total=0), ["moments"]),
        (with_column(0, squares=1), ["moments"]),
        (with_column(0, squares=2**200), ["moments"]),
        (with_column(2, levels=(60, 1)), ["counts"]),
        (replace(pooled(), products=replace(pooled().products, rows=61)), ["correlation"]),
        (replace(pooled(), products=replace(pooled().products, products=(1, 1, 1))), ["correlation"]),
    ],
)
def test_sums_that_no_rows_have_are_named(sums, wanted):
    assert codes(sums) == wanted


def test_of_what_is_in_doubt_no_moments_are_told():
    sums = replace(with_column(0, total=0), products=replace(pooled().products, rows=61))
    report = make_report(SPEC, sums, owners=3, doubts=find_doubts(SPEC, sums, 60))
    assert (report.columns["age"].mean, report.columns["age"].variance) == (None, None)
    assert report.columns["bmi"].mean is not None
    assert report.correlation.matrix == ((None, None), (None, None))
    assert [(doubt.code, doubt.column) for doubt in report.doubts] == [("moments", "age"), ("correlation", None)]


def test_more_cells_than_rows_are_not_fewer_than_none_missing():
    report = make_report(SPEC, replace(pooled(), columns=(*pooled().columns[:2], CategorySums((70, 1)))), owners=3)
    assert report.columns["sex"].missing == 0
