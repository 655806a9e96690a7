from collections.abc import Iterator

import pytest

from commons.agent.problems import error_from_problem
from commons.errors import DeltaMLError, InvalidInput, NotFound, ProtocolViolation, ServiceUnavailable


def tree(root: type[DeltaMLError]) -> Iterator[type[DeltaMLError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == "commons.errors":
            yield from tree(child)


@pytest.mark.parametrize("kind", list(tree(DeltaMLError)), ids=lambda kind: kind.__name__)
def test_every_error_comes_back_as_what_it_was(kind: type[DeltaMLError]) -> None:
    problem = {
        "type": "about:blank",
        "title": "x",
        "status": 418,
        "code": kind.code,
        "detail": "what happened",
        "fields": {"field": "rounds", "message": "not the message"},
        "request_id": "r1",
    }
    error = error_from_problem(418, problem, service="the aggregator")
    assert type(error) is kind
    assert error.message == "what happened"
    assert error.fields == {"field": "rounds", "request_id": "r1"}


def test_an_unknown_code_falls_back_to_the_status() -> None:
    error = error_from_problem(404, {"detail": "gone", "code": "new_code"}, service="the aggregator")
    assert type(error) is NotFound


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, DeltaMLError), (502, ServiceUnavailable), (404, NotFound), (422, InvalidInput), (301, ProtocolViolation)],
)
def test_an_answer_without_a_problem_document_names_service_and_status(status: int, kind: type[DeltaMLError]) -> None:
    error = error_from_problem(status, None, service="the aggregator at http://x")
    assert type(error) is kind
    assert "the aggregator at http://x" in error.message
    assert str(status) in error.message


def test_a_defect_of_the_service_is_no_reason_to_repeat_the_request() -> None:
    answer = {"detail": "an unexpected error occurred", "code": "internal_error", "request_id": "r1"}
    assert type(error_from_problem(500, answer, service="the aggregator")) is DeltaMLError


def test_members_of_the_problem_itself_become_fields() -> None:
    error = error_from_problem(409, {"detail": "no", "code": "conflict", "state": "running"}, service="s")
    assert error.fields == {"state": "running"}
