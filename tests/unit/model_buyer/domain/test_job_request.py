from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from commons.ciphers.paillier import STANDARD_KEYS, UNSAFE_SMALL_KEYS
from commons.computations.linear_regression.computation import LinearRegression
from commons.errors import InvalidInput
from commons.market.job_terms import PayTerms
from commons.web.validation import to_invalid_input
from model_buyer.domain.job_request import JobRequest, checked_key_bits
from tests.doubles.job_specs import nested

NOW = 1_800_000_000.0


def request(**changes: Any) -> JobRequest:
    fields: dict[str, Any] = {
        "title": "Yield",
        "features": [{"name": "rain", "minimum": 0, "maximum": 100, "unit": "mm"}],
        "target": {"name": "yield", "minimum": 0, "maximum": 10},
        "deposit_wei": "1000",
    }
    return JobRequest.model_validate(nested({**fields, **changes}))


def test_what_is_left_out_is_decided() -> None:
    spec = request().to_spec(now=NOW)
    assert (spec.start_by, spec.finish_by) == (NOW + 86_400, NOW + 2 * 86_400)
    assert spec.computation.learning_rate == 1 / 2
    assert spec.deposit_wei == 1000
    assert spec.pay == PayTerms()


def test_requests_for_the_same_have_the_same_digest_however_they_are_written() -> None:
    spelled_out = request(description="", rounds=100, deposit_wei=1000, learning_rate=None, pay={"trainer_bps": 7000})
    assert spelled_out.digest() == request().digest()
    others = [request(rounds=99), request(title="yield"), request(key_bits=2048), request(finish_within_s=90_000)]
    others.append(request(pay={"trainer_bps": 6999}))
    assert len({other.digest() for other in [request(), *others]}) == 6


def test_the_role_seed_is_drawn_anew_for_each_job() -> None:
    seeds = {request().to_spec(now=NOW).role_seed for _ in range(5)}
    assert len(seeds) == 5


def test_a_role_seed_of_zero_is_a_seed() -> None:
    assert request(role_seed=0).to_spec(now=NOW).role_seed == 0


def test_durations_count_from_now_and_absolute_times_stand() -> None:
    spec = request(start_within_s=60, finish_within_s=600).to_spec(now=NOW)
    assert (spec.start_by, spec.finish_by) == (NOW + 60, NOW + 600)
    spec = request(start_by=int(NOW) + 5, finish_by=int(NOW) + 6).to_spec(now=NOW)
    assert (spec.start_by, spec.finish_by) == (NOW + 5, NOW + 6)


def test_giving_a_deadline_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="start_by: give it or start_within_s, not both"):
        request(start_by=int(NOW) + 5, start_within_s=5)


def test_a_deadline_that_has_passed_is_refused_with_the_field() -> None:
    with pytest.raises(InvalidInput, match="start_by") as raised:
        request(start_by=int(NOW) - 1).to_spec(now=NOW)
    assert raised.value.fields["field"] == "start_by"


def test_a_deadline_that_the_contract_would_refuse_is_named() -> None:
    year_s = 365 * 86_400
    assert request(finish_by=int(NOW) + year_s).to_spec(now=NOW).finish_by == int(NOW) + year_s
    with pytest.raises(InvalidInput, match="365 days") as raised:
        request(finish_by=int(NOW) + year_s + 1).to_spec(now=NOW)
    assert raised.value.fields["field"] == "finish_by"


def test_finishing_before_the_start_is_refused() -> None:
    with pytest.raises(ValidationError, match="finish_by: must be after start_by"):
        request(start_within_s=100, finish_within_s=50).to_spec(now=NOW)


def test_without_scaling_the_learning_rate_must_be_given() -> None:
    with pytest.raises(ValidationError, match="learning_rate"):
        request(scaling="none").to_spec(now=NOW)
    assert request(scaling="none", learning_rate=1.5).to_spec(now=NOW).computation.learning_rate == 1.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": []}, "features\n.*name at least one feature"),
        ({"features": [{"name": "a", "minimum": 1, "maximum": 1}]}, "a constant teaches nothing"),
        ({"deposit_wei": 0}, "deposit_wei"),
        ({"rounds": 0}, "rounds"),
        ({"unknown": 1}, "unknown"),
        ({"target": {"name": "yield", "minimum": 0, "maximum": float("nan")}}, "maximum"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        request(**change)


def test_a_wrong_only_feature_gives_one_complaint() -> None:
    with pytest.raises(ValidationError) as raised:
        request(features=[{"name": "a", "minimum": 1, "maximum": 1}])
    assert raised.value.error_count() == 1


def test_the_target_must_not_be_a_feature() -> None:
    with pytest.raises(ValidationError, match=r"computation.*target\n.*'rain' must not be one of the features"):
        request(target={"name": "rain", "minimum": 0, "maximum": 1}).to_spec(now=NOW)


@pytest.mark.parametrize("bits", [2046, 1024, 512])
def test_small_keys_are_refused_unless_named_unsafe(bits: int) -> None:
    with pytest.raises(InvalidInput, match="key_bits") as raised:
        checked_key_bits(bits, default=3072, policy=STANDARD_KEYS)
    assert raised.value.fields["field"] == "key_bits"
    assert checked_key_bits(bits, default=3072, policy=UNSAFE_SMALL_KEYS) == bits


def test_key_bits_have_a_default_and_must_be_even() -> None:
    assert checked_key_bits(None, default=3072, policy=STANDARD_KEYS) == 3072
    with pytest.raises(InvalidInput, match="even"):
        checked_key_bits(2049, default=3072, policy=STANDARD_KEYS)


@pytest.mark.parametrize("computation", [{}, {"kind": "magic"}, {"kind": None}, {"kind": ["linear_regression"]}])
def test_a_computation_that_is_not_known_here_is_named(computation: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        JobRequest.model_validate({"title": "T", "deposit_wei": 1, "computation": computation})
    problem = to_invalid_input(raised.value)
    assert problem.fields["field"] == "computation.kind"
    assert problem.message.startswith("computation.kind: expected a computation that is known here: ")
    assert "linear_regression" in problem.message


def test_the_kind_divides_the_deposit_unless_the_request_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        LinearRegression, "pay_terms", lambda _, owners: PayTerms(trainer_bps=100 * owners, validator_bps=1)
    )
    assert request(min_owners=7).to_spec(now=NOW).pay == PayTerms(trainer_bps=700, validator_bps=1)
    chosen = request(min_owners=7, pay={"trainer_bps": 6000})
    assert chosen.to_spec(now=NOW).pay == PayTerms(trainer_bps=6000)
    assert chosen.digest() != request(min_owners=7).digest()
