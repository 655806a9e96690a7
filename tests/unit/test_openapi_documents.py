"""What a request may hold is bounded everywhere, and every answer is documented: said of all services' documents at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.doubles.openapi_documents import documents

SERVICES = ("owner", "buyer", "aggregator")


@cache
def document(service: str) -> dict[str, Any]:
    return documents()[service]


def operations(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document(service)["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def resolved(service: str, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document(service)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def unbounded(service: str, schema: dict[str, Any], place: str) -> Iterator[str]:
    """The places in what a request may hold that have no limit, or take members that nobody knows."""
    schema = resolved(service, schema)
    for kind in ("anyOf", "oneOf", "allOf"):
        for choice in schema.get(kind, []):
            yield from unbounded(service, choice, place)
    if "enum" in schema or "const" in schema:
        return
    match schema.get("type"):
        case "integer" | "number":
            if not {"minimum", "exclusiveMinimum"} & set(schema) or not {"maximum", "exclusiveMaximum"} & set(schema):
                yield f"{place}: a number without bounds"
        case "string":
            if "maxLength" not in schema:
                yield f"{place}: a text of any length"
        case "array":
            if "maxItems" not in schema:
                yield f"{place}: any number of items"
            yield from unbounded(service, schema["items"], f"{place}[]")
        case "object":
            yield from unbounded_members(service, schema, place)


def unbounded_members(service: str, schema: dict[str, Any], place: str) -> Iterator[str]:
    others = schema.get("additionalProperties", True)
    if others is not False and "maxProperties" not in schema:
        yield f"{place}: members that nobody knows"
    if isinstance(others, dict):
        yield from unbounded(service, others, f"{place}.*")
    for name, member in schema.get("properties", {}).items():
        yield from unbounded(service, member, f"{place}.{name}")


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_a_request_may_hold_is_bounded_and_unknown_members_are_refused(service: str) -> None:
    found = []
    for name, operation in operations(service):
        for parameter in operation.get("parameters", []):
            found += unbounded(service, parameter["schema"], f"{name} {parameter['in']} {parameter['name']}")
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/json":
                found += unbounded(service, content["schema"], name)
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_documents_its_success_and_the_form_of_its_problems(service: str) -> None:
    undocumented = []
    for name, operation in operations(service):
        answers = operation["responses"]
        good = {status: answer for status, answer in answers.items() if status.startswith("2")}
        if not good or any(status != "204" and not answer.get("content") for status, answer in good.items()):
            undocumented.append(name)
        assert set(answers["default"]["content"]) == {"application/problem+json"}
    assert undocumented == []
