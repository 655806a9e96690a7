import json

import pytest
from eth_utils.crypto import keccak
from pydantic import ValidationError

from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.registry import JobSpec
from commons.market.job_terms import JobTerms
from commons.web.validation import to_invalid_input

AGE = {"name": "age", "minimum": 0, "maximum": 120, "unit": "a"}
BMI = {"name": "bmi", "minimum": 10, "maximum": 60, "unit": ""}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"features": [{**AGE, "maximum": float("nan")}]}, "computation.features.0.maximum"),
        ({"target": AGE}, "computation.target"),
        ({"scaling": "none"}, "computation.learning_rate"),
        ({"kind": "logistic_regression"}, "computation.kind"),
        ({"deposit_wei": 0}, "deposit_wei"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(make_spec, changes, where):
    with pytest.raises(ValidationError) as caught:
        make_spec(**changes)
    assert [problem["field"] for problem in to_invalid_input(caught.value).fields["errors"]] == [where]


def test_canonical_json_is_sorted_without_white_space(make_spec):
    canonical = make_spec(features=[AGE], title="Zähler").canonical_json()
    document = json.loads(canonical)
    assert canonical == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert canonical.isascii()
    assert document["computation"]["features"] == [{"name": "age", "minimum": 0.0, "maximum": 120.0, "unit": "a"}]


def test_digest_is_of_the_canonical_json_and_survives_json(make_spec):
    spec = make_spec(learning_rate=0.1, early_stop={"patience": 3})
    assert spec.digest() == keccak(spec.canonical_json())
    assert JobSpec.model_validate_json(spec.model_dump_json()).digest() == spec.digest()


def test_digest_does_not_depend_on_how_the_same_values_are_written(make_spec):
    plain = make_spec(learning_rate=1, deposit_wei=10**18, features=[AGE, BMI])
    other = make_spec(
        learning_rate=1.0,
        deposit_wei=str(10**18),
        features=[{"unit": "a", "maximum": 120.0, "minimum": 0.0, "name": "age"}, {**BMI, "maximum": 6e1}],
    )
    assert plain.digest() == other.digest()


OF_TERMS = {
    "title": {"title": "Another title"},
    "description": {"description": "With a description"},
    "min_owners": {"min_owners": 3},
    "min_rows": {"min_rows": 2},
    "deposit_wei": {"deposit_wei": 10**18 + 1},
    "pay": {"pay": {"trainer_bps": 6999}},
    "pay.validator_bps": {"pay": {"validator_bps": 1999}},
    "pay.aggregator_bps": {"pay": {"aggregator_bps": 999}},
    "start_by": {"start_by": 1_800_003_601},
    "finish_by": {"finish_by": 1_800_007_201},
    "task_timeout_s": {"task_timeout_s": 121},
    "role_seed": {"role_seed": 2},
}
OF_COMPUTATION = {
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
}


def test_every_field_changes_the_digest(make_spec):
    base = {"learning_rate": 0.3, "features": [AGE, BMI]}
    changes = [*OF_TERMS.values(), *OF_COMPUTATION.values()]
    digests = {make_spec(**base).digest(), *(make_spec(**base | change).digest() for change in changes)}
    assert len(digests) == 1 + len(changes)
    assert {name.split(".")[0] for name in OF_TERMS} == set(JobTerms.model_fields)
    # Another kind has other fields.
    assert {name.split(".")[0] for name in OF_COMPUTATION} | {"kind"} == set(LinearRegressionSpec.model_fields)
    assert set(JobSpec.model_fields) == {*JobTerms.model_fields, "computation"}
