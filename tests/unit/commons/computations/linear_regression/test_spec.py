import pytest
from pydantic import ValidationError

from commons.computations.linear_regression.spec import MAX_FEATURES, LinearRegressionSpec

AGE = {"name": "age", "minimum": 0, "maximum": 120, "unit": "a"}
BMI = {"name": "bmi", "minimum": 10, "maximum": 60, "unit": ""}


def errors_of(make_spec, **changes):
    with pytest.raises(ValidationError) as caught:
        make_spec(**changes)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("changes", "where", "remedy"),
    [
        ({"features": [{**AGE, "minimum": 120}]}, "features.0", "age: minimum 120.0 must be below maximum 120.0"),
        ({"features": [{**AGE, "maximum": float("nan")}]}, "features.0.maximum", "finite number"),
        ({"features": [{**AGE, "maximum": float("inf")}]}, "features.0.maximum", "finite number"),
        ({"features": [{**AGE, "maximum": 1e101}]}, "features.0", "age: the range is too wide"),
        (
            {"features": [{**AGE, "minimum": 0, "maximum": 5e-324}]},
            "features.0",
            "age: the range is too wide or too narrow to compute with; use another unit",
        ),
        ({"features": []}, "features", "name at least one feature"),
        ({"features": [AGE, BMI, AGE]}, "features", "feature names must differ; repeated: age"),
        ({"features": [{**AGE, "name": str(i)} for i in range(MAX_FEATURES + 1)]}, "features", "at most 500 items"),
        ({"features": [{**AGE, "scale": 2}]}, "features.0.scale", "Extra inputs are not permitted"),
        ({"target": {**AGE}}, "target", "'age' must not be one of the features"),
        ({"rounds": 0}, "rounds", "greater than or equal to 1"),
        ({"rounds": 100_001}, "rounds", "less than or equal to 100000"),
        ({"local_steps": 1001}, "local_steps", "less than or equal to 1000"),
        ({"evaluate_every": 0}, "evaluate_every", "greater than or equal to 1"),
        ({"learning_rate": 0}, "learning_rate", "greater than 0"),
        ({"learning_rate": -0.5}, "learning_rate", "greater than 0"),
        ({"learning_rate": float("inf")}, "learning_rate", "finite number"),
        ({"scaling": "none"}, "learning_rate", "must be given when scaling is none"),
        ({"scaling": "standard"}, "scaling", "'range' or 'none'"),
        ({"averaging": "median"}, "averaging", "'rows' or 'uniform'"),
        ({"kind": "logistic_regression"}, "kind", "'linear_regression'"),
        ({"early_stop": {"minimum_improvement": 1}}, "early_stop.minimum_improvement", "less than 1"),
        ({"early_stop": {"patience": 0}}, "early_stop.patience", "greater than or equal to 1"),
        ({"rouds": 10}, "rouds", "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_specification_is_refused_with_field_and_remedy(make_spec, changes, where, remedy):
    found = errors_of(make_spec, **changes)
    assert any(location.startswith(where) and remedy in message for location, message in found), found


def test_default_learning_rate_is_one_over_the_number_of_weights(make_spec):
    assert make_spec().learning_rate == pytest.approx(1 / 3)
    assert make_spec(features=[AGE]).learning_rate == pytest.approx(1 / 2)
    assert make_spec(learning_rate=0.25).learning_rate == 0.25
    assert make_spec(scaling="none", learning_rate=1e-4).learning_rate == 1e-4


def test_default_learning_rate_does_not_hide_that_features_are_missing(make_spec):
    document = make_spec().model_dump(mode="json", exclude={"learning_rate", "features"})
    assert errors_of(LinearRegressionSpec, **document) == [("features", "Field required")]


def test_weights_are_the_features_and_then_the_bias(make_spec):
    spec = make_spec()
    assert spec.weight_names == ("age", "bmi", "bias")
    assert spec.n_weights == 3


def test_the_last_round_is_always_a_checkpoint(make_spec):
    spec = make_spec(rounds=10, evaluate_every=4)
    assert [number for number in range(11) if spec.is_checkpoint(number)] == [0, 4, 8, 10]
    assert make_spec(rounds=3, evaluate_every=100).is_checkpoint(3)


def test_half_width_and_magnitude_of_a_range(make_spec):
    target = make_spec(target={"name": "y", "minimum": -7, "maximum": 3}).target
    assert (target.half_width, target.magnitude) == (5.0, 7.0)
