"""One line for whatever is wrong with an input."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, field_validator

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
