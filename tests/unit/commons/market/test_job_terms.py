import json

import pytest
from pydantic import ValidationError

from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS, JobTerms

TERMS = {
    "title": "Progression of diabetes",
    "deposit_wei": 10**18,
    "start_by": 1_800_003_600,
    "finish_by": 1_800_007_200,
    "role_seed": 1,
}


@pytest.mark.parametrize(
    ("changes", "where", "remedy"),
    [
        ({"finish_by": 1_800_003_600}, "", "finish_by: must be after start_by"),
        ({"min_owners": 1}, "min_owners", "greater than or equal to 2"),
        ({"min_owners": MAX_TRAINERS + MAX_VALIDATORS + 1}, "min_owners", "less than or equal to 140"),
        ({"deposit_wei": 0}, "deposit_wei", "greater than 0"),
        ({"deposit_wei": 2**128}, "deposit_wei", "less than"),
        ({"deposit_wei": "a lot"}, "deposit_wei", "valid integer"),
        ({"pay": {"trainer_bps": 7001}}, "pay", "must not exceed 10000"),
        ({"pay": {"trainer_bps": -1}}, "pay.trainer_bps", "greater than or equal to 0"),
        ({"role_seed": -1}, "role_seed", "greater than or equal to 0"),
        ({"task_timeout_s": 0}, "task_timeout_s", "greater than or equal to 1"),
        ({"titel": "Progression"}, "titel", "Extra inputs are not permitted"),
        ({"title": ""}, "title", "at least 1 character"),
    ],
)
def test_wrong_terms_are_refused_with_field_and_remedy(changes, where, remedy):
    with pytest.raises(ValidationError) as caught:
        JobTerms.model_validate(TERMS | changes)
    found = [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()]
    assert any(location.startswith(where) and remedy in message for location, message in found), found


def test_amounts_are_decimal_strings_in_json_and_integers_in_python():
    amount = 2**100 + 1
    terms = JobTerms.model_validate(TERMS | {"deposit_wei": str(amount)})
    assert terms.deposit_wei == amount
    assert json.loads(terms.model_dump_json())["deposit_wei"] == str(amount)
