import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.tables.table import CellProblem
from data_owner.adapters.data_files.cells import text_column

finite = st.floats(allow_nan=False, allow_infinity=False)


def one_cell(text: str, *others: str) -> tuple[float, int]:
    column = text_column(pa.array([text, *others], pa.string()))
    return column.values[0].item(), column.problems[0].item()


@given(st.lists(finite, min_size=1, max_size=20))
def test_every_float_is_read_back_exactly(numbers):
    column = text_column(pa.array([repr(number) for number in numbers]))
    np.testing.assert_array_equal(column.values, numbers)
    assert not column.problems.any()


@given(st.text(alphabet="0123456789+-.eEnaifxt_, ", max_size=8))
def test_a_cell_means_the_same_whatever_stands_in_the_other_rows(text):
    # A neighbour that is no number sends all cells down the careful path.
    np.testing.assert_equal(one_cell(text), one_cell(text, "abc"))


@given(st.text(alphabet="0123456789+-.eE", min_size=1, max_size=8))
def test_a_number_is_what_python_reads_as_one(text):
    value, problem = one_cell(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        expected = float(text)
        assert (value, problem) == (expected, 0) if np.isfinite(expected) else problem == CellProblem.NOT_FINITE
    else:
        assert problem == CellProblem.NOT_A_NUMBER


@given(st.integers(-(2**70), 2**70))
def test_an_integer_is_exact_or_refused(number):
    value, problem = one_cell(str(number))
    assert problem == (CellProblem.NONE if int(float(number)) == number else CellProblem.NOT_EXACT)
    assert np.isnan(value) if problem else value == number


@pytest.mark.parametrize(("digits", "problem"), [("9007199254740992", 0), ("9007199254740993", CellProblem.NOT_EXACT)])
@pytest.mark.parametrize("sign", ["", "-", "+"])
def test_an_integer_is_read_whatever_zeros_stand_in_front(sign, digits, problem):
    assert one_cell(sign + "0" * 5000 + digits)[1] == problem
