import numpy as np
import pytest

from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.computations.linear_regression.training_data import (
    load_gram_statistics,
    load_quadratic_metric,
    required_columns,
    training_rows,
)
from commons.errors import DatasetInvalid
from commons.tables.table import CellProblem, ColumnBlock, TableBlock

SCALING = RangeScaling((FeatureRange("age", 0, 100), FeatureRange("bmi", 10, 50)), FeatureRange("y", -1, 3))
AGE, BMI, Y = [0.0, 50, 100, 25], [10.0, 20, 50, 30], [-1.0, 3, 1, 0]


def column(values, problems=None, text="?") -> ColumnBlock:
    problems = np.zeros(len(values), dtype=np.uint8) if problems is None else np.array(problems, dtype=np.uint8)
    numbers = np.where(problems == 0, np.array(values, dtype=np.float64), np.nan)
    return ColumnBlock("number", numbers, problems, lambda index: text if problems[index] else f"{numbers[index]}")


def table(sizes=(4,), **columns) -> list[TableBlock]:
    values = {"age": AGE, "bmi": BMI, "y": Y} | columns
    cuts = np.cumsum(sizes)[:-1]
    parts = {name: np.split(np.array(cells, dtype=np.float64), cuts) for name, cells in values.items()}
    return [
        TableBlock("owner.csv", 1 + sum(sizes[:i]), {name: column(split[i]) for name, split in parts.items()})
        for i in range(len(sizes))
    ]


def design() -> tuple[np.ndarray, np.ndarray]:
    X = np.column_stack([(np.array(AGE) - 50) / 50, (np.array(BMI) - 30) / 20, np.ones(4)])
    return X, (np.array(Y) - 1) / 2


@pytest.mark.parametrize("sizes", [(4,), (1, 3), (2, 2), (1, 1, 1, 1)])
def test_statistics_are_those_of_the_scaled_rows_with_bias(sizes):
    X, y = design()
    stats = load_gram_statistics(table(sizes), SCALING, min_rows=4)
    np.testing.assert_allclose(stats.G, X.T @ X / 4, rtol=1e-14)
    np.testing.assert_allclose(stats.c, X.T @ y / 4, rtol=1e-14)
    assert stats.row_count == 4
    metric = load_quadratic_metric(table(sizes), SCALING, min_rows=4)
    w = np.array([0.2, -0.7, 0.1])
    assert metric.squared_error(w) == pytest.approx(np.sum((X @ w - y) ** 2), rel=1e-13)


def test_without_scaling_the_rows_go_in_as_they_are():
    scaling = RangeScaling(SCALING.features, SCALING.target, "none")
    ((X, y),) = training_rows(table(), scaling)
    np.testing.assert_array_equal(X, np.column_stack([AGE, BMI, np.ones(4)]))
    np.testing.assert_array_equal(y, Y)


def test_columns_are_taken_by_name_whatever_their_order_and_company():
    (block,) = table(zip_code=[1, 2, 3, 4])
    shuffled = TableBlock("owner.csv", 1, dict(reversed(block.columns.items())))
    ((X, y),) = training_rows([shuffled], SCALING)
    np.testing.assert_allclose(X, design()[0], rtol=1e-15)
    np.testing.assert_allclose(y, design()[1], rtol=1e-15)


def test_a_mapping_names_the_owners_own_columns():
    assert required_columns(SCALING) == ["age", "bmi", "y"]
    assert required_columns(SCALING, {"bmi": "BMI (kg/m²)"}) == ["age", "BMI (kg/m²)", "y"]
    blocks = table(Alter=AGE, age=[1e9] * 4)
    stats = load_gram_statistics(blocks, SCALING, column_mapping={"age": "Alter"})
    np.testing.assert_allclose(stats.G, load_gram_statistics(table(), SCALING).G, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "value"), [("age", np.nextafter(100, 101)), ("age", -5e-324), ("bmi", 9.99), ("y", 3.5)]
)
def test_a_value_outside_its_declared_range_is_refused_without_tolerance(name, value):
    cells = {"age": list(AGE), "bmi": list(BMI), "y": list(Y)}[name]
    cells[2] = value
    with pytest.raises(DatasetInvalid) as caught:
        load_gram_statistics(table((1, 3), **{name: cells}), SCALING)
    fields = caught.value.fields
    assert (fields["file"], fields["column"], fields["row"]) == ("owner.csv", name, 3)
    assert "the range that the job declares" in fields["expected"]


def test_the_message_names_column_row_value_and_range():
    with pytest.raises(DatasetInvalid) as caught:
        load_quadratic_metric(table(bmi=[10, 20, 51, 30]), SCALING)
    assert caught.value.message == (
        "owner.csv: column 'bmi', row 3 holds '51.0'; expected a value from 10 to 50, the range that the job declares"
    )


@pytest.mark.parametrize(
    ("problem", "text", "message"),
    [
        (CellProblem.MISSING, "", "column 'age', row 6 is empty; expected a number"),
        (CellProblem.MISSING, "NaN", "column 'age', row 6 holds 'NaN'; expected a number"),
        (CellProblem.NOT_A_NUMBER, "abc", "column 'age', row 6 holds 'abc'; expected a number"),
        (CellProblem.NOT_FINITE, "inf", "column 'age', row 6 holds 'inf'; expected a finite number"),
    ],
)
def test_a_cell_that_is_no_number_is_refused(problem, text, message):
    columns = {"age": column([1, 2], [0, problem], text), "bmi": column([11, 12]), "y": column([0, 0])}
    with pytest.raises(DatasetInvalid, match=r"owner\.csv") as caught:
        load_gram_statistics([*table(), TableBlock("owner.csv", 5, columns)], SCALING)
    assert message in caught.value.message


def test_the_first_bad_cell_in_row_order_is_named():
    with pytest.raises(DatasetInvalid) as caught:
        load_gram_statistics(table(age=[0, 50, 100, 999], y=[-1, 99, 1, 0]), SCALING)
    assert (caught.value.fields["column"], caught.value.fields["row"]) == ("y", 2)


def test_a_column_that_went_away_is_named():
    (block,) = table()
    columns = {name: cells for name, cells in block.columns.items() if name != "bmi"}
    with pytest.raises(DatasetInvalid, match="no column 'bmi'"):
        load_gram_statistics([TableBlock("owner.csv", 1, columns)], SCALING)


@pytest.mark.parametrize(("blocks", "found"), [([], 0), (table(), 4)])
def test_too_few_rows_are_refused(blocks, found):
    with pytest.raises(DatasetInvalid, match=f"there are {found} rows; expected at least 5"):
        load_gram_statistics(blocks, SCALING, min_rows=5)


def test_no_rows_are_never_enough():
    with pytest.raises(DatasetInvalid, match="expected at least 1"):
        load_gram_statistics([], SCALING, min_rows=0)
