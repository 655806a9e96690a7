"""Documents that a parser, a number or a text may stumble over, sent to every operation of a service that takes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient

_DEEP = 40
_LEVELS = 3
DOCUMENTS: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"[[]]",
    b'"text"',
    b"0",
    b"{",
    b"{}{}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1e400}',
    b'{"a": -1e-400}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": "\\u0000"}',
    b'{"\\u0000": 1}',
    b'{"a": "\\ud800"}',
    b'{"\\udfff": "x"}',
    b'{"a": 1, "a": 2}',
    b'{"a": "\xff\xfe"}',
    b'{"a": "\x00"}',
    '{"a": "ü"}'.encode("utf-16"),
    '{"a": "ü"}'.encode("utf-32"),
    b"\xef\xbb\xbf{}",
    b"[" * _DEEP + b"]" * _DEEP,
    b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
)
NUMBERS: tuple[Any, ...] = (
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    1e308,
    -0.0,
    "1e5",
    True,
    None,
    [],
    {},
)


def crashes(client: FlaskClient, document: dict[str, Any]) -> list[str]:
    """The operations of an OpenAPI document that answer one of `DOCUMENTS`, or a strange member, as an error of their own."""
    found = []
    for path, methods in document["paths"].items():
        concrete = path.replace("{job_id}", "7").replace("{", "").replace("}", "")
        for method, operation in methods.items():
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            for body in (*DOCUMENTS, *_strange_members(document, operation)):
                answer = client.open(concrete, method=method.upper(), data=body, content_type="application/json")
                if answer.status_code >= 500:
                    found.append(f"{method} {concrete} {body[:60]!r}: {answer.status_code}")
    return found


def _strange_members(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[bytes]:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    yield from (text.encode() for text in _strange(document, schema, _LEVELS))


def _strange(document: dict[str, Any], schema: dict[str, Any], levels: int) -> Iterator[str]:
    """Values of a schema as JSON that lack all members but a strange one, at the top or in what stands there."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _strange(document, choice, levels)
    if "items" in schema:
        yield from (f"[{item}]" for item in _strange(document, schema["items"], levels))
    members = schema.get("properties", {})
    # Without these, which say what an object is, nothing else of it is looked at.
    tags = {name: json.dumps(member["const"]) for name, member in members.items() if "const" in member}
    for name, member in members.items():
        inside = _strange(document, member, levels - 1) if levels else ()
        for text in (*map(_json, NUMBERS), *inside):
            yield "{" + ", ".join(f'"{key}": {value}' for key, value in {**tags, name: text}.items()) + "}"


def _json(value: Any) -> str:
    texts = {True: "true", None: "null"}
    return texts[value] if value is True or value is None else f'"{value}"' if isinstance(value, str) else str(value)
