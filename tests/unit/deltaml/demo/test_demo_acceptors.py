from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from commons.errors import Conflict
from deltaml.demo.acceptors import accept
from deltaml.demo.world import Login, Member

OFFER = {"job_id": 3, "consents": ["correlation"]}


class Service:
    """An owner's, which refuses with these errors one after another."""

    def __init__(self, *refusals: Conflict) -> None:
        self._refusals = list(refusals)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        self.asked.append((path, dict(body)))
        if self._refusals:
            raise self._refusals.pop(0)


def accepted_by(service: Service) -> list[tuple[str, dict[str, Any]]]:
    accept(Member("0xAA", Login("owner-0", "", "", "", Path()), service), OFFER)  # type: ignore[arg-type]
    return service.asked


def test_what_a_job_needs_is_agreed_to() -> None:
    assert accepted_by(Service()) == [("/v1/offers/3/accept", {"consents": ["correlation"]})]


def test_another_answer_about_the_same_columns_is_agreed_to_when_it_takes_that() -> None:
    asked = accepted_by(Service(Conflict("answered before", field="consents")))
    assert [body["consents"] for _, body in asked] == [["correlation"], ["correlation", "again"]]


def test_other_refusals_stand() -> None:
    with pytest.raises(Conflict, match="other terms"):
        accepted_by(Service(Conflict("other terms on chain")))
