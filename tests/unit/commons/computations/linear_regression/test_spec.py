import json

import pytest
from eth_utils.crypto import keccak
from pydantic import ValidationError

from commons.computations.linear_regression.spec import MAX_FEATURES, TrainingJobSpec
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS

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
        ({"features": []}, "features", "at least 1 item"),
        ({"features": [AGE, BMI, AGE]}, "features", "feature names must differ; repeated: age"),
        ({"features": [{**AGE, "name": str(i)} for i in range(MAX_FEATURES + 1)]}, "features", "at most 500 items"),
        ({"features": [{**AGE, "scale": 2}]}, "features.0.scale", "Extra inputs are not permitted"),
        ({"target": {**AGE}}, "", "target: 'age' must not be one of the features"),
        ({"finish_by": 1_800_003_600}, "", "finish_by: must be after start_by"),
        ({"rounds": 0}, "rounds", "greater than or equal to 1"),
        ({"rounds": 100_001}, "rounds", "less than or equal to 100000"),
        ({"local_steps": 1001}, "local_steps", "less than or equal to 1000"),
        ({"evaluate_every": 0}, "evaluate_every", "greater than or equal to 1"),
        ({"learning_rate": 0}, "learning_rate", "greater than 0"),
        ({"learning_rate": -0.5}, "learning_rate", "greater than 0"),
        ({"learning_rate": float("inf")}, "learning_rate", "finite number"),
        ({"scaling": "none"}, "", "learning_rate: must be given when scaling is none"),
        ({"scaling": "standard"}, "scaling", "'range' or 'none'"),
        ({"averaging": "median"}, "averaging", "'rows' or 'uniform'"),
        ({"model": "logistic_regression"}, "model", "'linear_regression'"),
        ({"min_owners": 1}, "min_owners", "greater than or equal to 2"),
        ({"min_owners": MAX_TRAINERS + MAX_VALIDATORS + 1}, "min_owners", "less than or equal to 140"),
        ({"deposit_wei": 0}, "deposit_wei", "greater than 0"),
        ({"deposit_wei": 2**128}, "deposit_wei", "less than"),
        ({"deposit_wei": "a lot"}, "deposit_wei", "valid integer"),
        ({"pay": {"trainer_bps": 7001}}, "pay", "must not exceed 10000"),
        ({"pay": {"trainer_bps": -1}}, "pay.trainer_bps", "greater than or equal to 0"),
        ({"early_stop": {"minimum_improvement": 1}}, "early_stop.minimum_improvement", "less than 1"),
        ({"early_stop": {"patience": 0}}, "early_stop.patience", "greater than or equal to 1"),
        ({"role_seed": -1}, "role_seed", "greater than or equal to 0"),
        ({"round_timeout_s": 0}, "round_timeout_s", "greater than or equal to 1"),
        ({"rouds": 10}, "rouds", "Extra inputs are not permitted"),
        ({"title": ""}, "title", "at least 1 character"),
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
    assert ("features", "Field required") in [
        (location, message)
        for location, message in _errors(
            {key: value for key, value in _document(make_spec()).items() if key != "features"}
        )
    ]


def _document(spec):
    return json.loads(spec.model_dump_json(exclude={"learning_rate"}))


def _errors(document):
    with pytest.raises(ValidationError) as caught:
        TrainingJobSpec.model_validate(document)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()]


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


def test_amounts_are_decimal_strings_in_json_and_integers_in_python(make_spec):
    amount = 2**100 + 1
    spec = make_spec(deposit_wei=str(amount))
    assert spec.deposit_wei == amount
    assert json.loads(spec.model_dump_json())["deposit_wei"] == str(amount)


def test_canonical_json_is_sorted_without_white_space(make_spec):
    canonical = make_spec(features=[AGE], title="Zähler").canonical_json()
    document = json.loads(canonical)
    assert canonical == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert canonical.isascii()
    assert document["features"] == [{"name": "age", "minimum": 0.0, "maximum": 120.0, "unit": "a"}]


def test_digest_is_of_the_canonical_json_and_survives_json(make_spec):
    spec = make_spec(learning_rate=0.1, early_stop={"patience": 3})
    assert spec.digest() == keccak(spec.canonical_json())
    assert TrainingJobSpec.model_validate_json(spec.model_dump_json()).digest() == spec.digest()


def test_digest_does_not_depend_on_how_the_same_values_are_written(make_spec):
    plain = make_spec(learning_rate=1, deposit_wei=10**18, features=[AGE, BMI])
    other = make_spec(
        learning_rate=1.0,
        deposit_wei=str(10**18),
        features=[{"unit": "a", "maximum": 120.0, "minimum": 0.0, "name": "age"}, {**BMI, "maximum": 6e1}],
    )
    assert plain.digest() == other.digest()


CHANGES = {
    "title": {"title": "Another title"},
    "description": {"description": "With a description"},
    "features": {"features": [BMI, AGE]},
    "features.name": {"features": [{**AGE, "name": "years"}, BMI]},
    "features.minimum": {"features": [{**AGE, "minimum": 1e-300}, BMI]},
    "features.maximum": {"features": [{**AGE, "maximum": 120.00000000000001}, BMI]},
    "features.unit": {"features": [{**AGE, "unit": "d"}, BMI]},
    "target": {"target": {"name": "progression", "minimum": 0, "maximum": 401}},
    "scaling": {"scaling": "none"},
    "averaging": {"averaging": "uniform"},
    "rounds": {"rounds": 11},
    "local_steps": {"local_steps": 2},
    "learning_rate": {"learning_rate": 0.30000000000000004},
    "evaluate_every": {"evaluate_every": 5},
    "early_stop": {"early_stop": {}},
    "early_stop.minimum_improvement": {"early_stop": {"minimum_improvement": 2e-4}},
    "early_stop.patience": {"early_stop": {"patience": 3}},
    "min_owners": {"min_owners": 3},
    "min_rows": {"min_rows": 2},
    "deposit_wei": {"deposit_wei": 10**18 + 1},
    "pay": {"pay": {"trainer_bps": 6999}},
    "pay.validator_bps": {"pay": {"validator_bps": 1999}},
    "pay.aggregator_bps": {"pay": {"aggregator_bps": 999}},
    "start_by": {"start_by": 1_800_003_601},
    "finish_by": {"finish_by": 1_800_007_201},
    "round_timeout_s": {"round_timeout_s": 121},
    "role_seed": {"role_seed": 2},
}


def test_every_field_changes_the_digest(make_spec):
    base = {"learning_rate": 0.3, "features": [AGE, BMI]}
    digests = {make_spec(**base).digest(), *(make_spec(**base | change).digest() for change in CHANGES.values())}
    assert len(digests) == 1 + len(CHANGES)
    # There is one model only, so that nothing else can be put there.
    assert {name.split(".")[0] for name in CHANGES} | {"model"} == set(TrainingJobSpec.model_fields)
