import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import check_is_fitted

from commons.computations.linear_regression.learning.linear_model import LinearModel
from commons.computations.linear_regression.learning.scaling import FeatureRange, RangeScaling
from commons.errors import InvalidInput

FEATURES = (FeatureRange("age", 0, 100, "years"), FeatureRange("größe", -1e-7, 3e8, "m"))
TARGET = FeatureRange("price", 200, 600, "euro")
MODEL = LinearModel(FEATURES, TARGET, (0.1, -1 / 3), 1e-17)


def test_predictions_are_weights_times_features_plus_intercept():
    model = LinearModel(FEATURES, TARGET, (2.0, -1.0), 10.0)
    np.testing.assert_array_equal(model.predict([[1, 2], [3, 4]]), [10, 12])


def test_a_trained_model_predicts_as_its_scaling_does():
    scaling, w = RangeScaling(FEATURES, TARGET), np.array([0.3, -0.2, 0.1])
    X = [[17, 1e5], [99, 2e8]]
    np.testing.assert_allclose(LinearModel.from_training(scaling, w).predict(X), scaling.predict(X, w), rtol=1e-13)


def test_json_round_trip_keeps_every_digit():
    assert LinearModel.from_json(MODEL.to_json()) == MODEL


def test_json_is_readable_by_other_programs():
    document = json.loads(MODEL.to_json())
    assert document["features"][0] == {"name": "age", "unit": "years", "minimum": 0, "maximum": 100, "weight": 0.1}
    assert document["intercept"] == 1e-17
    assert document["target"]["name"] == "price"


def test_sklearn_model_predicts_the_same():
    model = MODEL.to_sklearn()
    assert isinstance(model, LinearRegression)
    check_is_fitted(model)
    X = np.array([[17.0, 1e5], [99.0, 2e8]])
    model_without_names = MODEL.to_sklearn()
    del model_without_names.feature_names_in_
    np.testing.assert_array_equal(model_without_names.predict(X), MODEL.predict(X))


def test_sklearn_model_has_what_a_fitted_one_has():
    fitted: BaseEstimator = LinearRegression().fit(np.eye(3, 2), np.arange(3.0))
    model = MODEL.to_sklearn()
    assert model.coef_.shape == fitted.coef_.shape
    assert model.coef_.dtype == fitted.coef_.dtype
    assert model.n_features_in_ == fitted.n_features_in_
    assert list(model.feature_names_in_) == ["age", "größe"]
    np.testing.assert_array_equal(model.coef_, [0.1, -1 / 3])
    assert model.intercept_ == 1e-17


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d.update(format="pickle"), "format"),
        (lambda d: d.pop("features"), "features"),
        (lambda d: d.update(features=[1]), "features"),
        (lambda d: d.pop("target"), "target"),
        (lambda d: d.pop("intercept"), "model.intercept"),
        (lambda d: d["features"][1].update(weight="1"), "features[1].weight"),
        (lambda d: d["features"][1].update(weight=True), "features[1].weight"),
        (lambda d: d["features"][1].update(weight=10**400), "features[1].weight"),
        (lambda d: d["features"][0].pop("name"), "features[0].name"),
        (lambda d: d["target"].update(minimum=None), "target.minimum"),
        (lambda d: d["features"][0].update(minimum=100), "age"),
    ],
)
def test_unusable_json_is_refused_with_the_field(change, field):
    document = json.loads(MODEL.to_json())
    change(document)
    with pytest.raises(InvalidInput) as caught:
        LinearModel.from_json(json.dumps(document))
    assert caught.value.fields["field"] == field


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_text_that_is_no_model_is_refused(text):
    with pytest.raises(InvalidInput):
        LinearModel.from_json(text)


def test_weights_that_do_not_fit_the_features_are_refused():
    with pytest.raises(InvalidInput, match="weights has shape"):
        LinearModel(FEATURES, TARGET, (1.0,), 0.0)
    with pytest.raises(InvalidInput, match="NaN"):
        LinearModel(FEATURES, TARGET, (1.0, float("nan")), 0.0)
    with pytest.raises(InvalidInput, match=r"X has shape \(1, 3\)"):
        MODEL.predict([[1, 2, 3]])
