from __future__ import annotations

import pytest

from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from commons.computations.linear_regression.prediction import predict_rows
from commons.errors import InvalidInput

MODEL = LinearModel(
    features=(FeatureRange("rain", 0, 100), FeatureRange("sun", 0, 24)),
    target=FeatureRange("yield", 0, 10),
    weights=(0.5, -2.0),
    intercept=1.0,
)


def test_predictions_are_the_linear_form_whatever_the_order_of_the_columns() -> None:
    rows = [{"rain": 2, "sun": 1.5}, {"sun": 0, "rain": 10, "note": "dry"}]
    assert predict_rows(MODEL, rows) == [2 * 0.5 - 1.5 * 2 + 1, 10 * 0.5 + 1]


@pytest.mark.parametrize("value", [None, "3", True, float("nan"), float("inf"), 10**400, [1]])
def test_what_is_no_finite_number_is_refused_naming_row_and_field(value: object) -> None:
    with pytest.raises(InvalidInput, match="row 2, 'sun'") as raised:
        predict_rows(MODEL, [{"rain": 1, "sun": 1}, {"rain": 1, "sun": value}])
    assert raised.value.fields == {"field": "sun", "row": 2}


def test_a_missing_feature_is_refused_naming_row_and_field() -> None:
    with pytest.raises(InvalidInput, match="row 1, 'sun': missing"):
        predict_rows(MODEL, [{"rain": 1}])


def test_no_rows_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rows is empty"):
        predict_rows(MODEL, [])


def test_a_prediction_that_overflows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="row 1: the values are too large"):
        predict_rows(MODEL, [{"rain": 1.7e308, "sun": -1.7e308}])
