"""One line for whatever is wrong with an input."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, field_validator, model_validator

from commons.errors import InvalidInput
from commons.web.validation import parse_json


class Feature(BaseModel):
    name: str
    minimum: float

    @field_validator("name")
    @classmethod
    def _lower(cls, name: str) -> str:
        if name != name.lower():
            raise ValueError("Expected lower case")
        return name


class Job(BaseModel):
    features: list[Feature]


def test_a_usable_document_is_parsed() -> None:
    assert parse_json(Job, b'{"features": [{"name": "a", "minimum": 1}]}', name="job.json").features[0].minimum == 1


def test_the_path_of_the_field_is_given() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(Job, '{"features": [{"name": "a", "minimum": "low"}]}', name="job.json")
    assert caught.value.message.startswith("features.0.minimum: should be a valid number")
    assert caught.value.fields["field"] == "features.0.minimum"
    assert "low" not in caught.value.message


def test_messages_of_own_checks_are_kept() -> None:
    with pytest.raises(InvalidInput, match=r"features\.0\.name: expected lower case"):
        parse_json(Job, '{"features": [{"name": "A", "minimum": 1}]}', name="job.json")


def test_what_is_wrong_with_the_whole_document_is_under_its_name() -> None:
    with pytest.raises(InvalidInput, match=r"^job\.json: invalid JSON"):
        parse_json(Job, "{", name="job.json")


def test_many_problems_are_counted_and_all_in_the_fields() -> None:
    features = ", ".join("{}" for _ in range(3))
    with pytest.raises(InvalidInput, match=r"\(and 3 more\)$") as caught:
        parse_json(Job, f'{{"features": [{features}]}}', name="job.json")
    assert len(caught.value.fields["errors"]) == 6


class Dates(BaseModel):
    first: int
    last: int

    @model_validator(mode="after")
    def _ordered(self) -> Dates:
        if self.last <= self.first:
            raise ValueError("last: must be after first" if self.first else "The dates are odd: see above")
        return self


@pytest.mark.parametrize(
    ("first", "field", "message"),
    [(2, "last", "must be after first"), (0, "dates", "the dates are odd: see above")],
)
def test_a_check_of_the_whole_names_the_member_that_it_is_about(first: int, field: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(Dates, f'{{"first": {first}, "last": 0}}', name="dates")
    assert caught.value.fields["errors"] == [{"field": field, "message": message}]
