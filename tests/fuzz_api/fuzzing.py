"""Requests at random from a service's OpenAPI document, valid ones and such that are not, and what is wrong with the answers.

An answer is wrong when it is an error of the service's own (5xx), when its status, type, headers or content are not what the
document says, when it takes long, or when something that needs a session is done without one.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from requests.adapters import HTTPAdapter
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import Failure, FailureGroup

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SLOW_S = 2.0
KNOWN_SHARE = 0.6
EXAMPLES_AT_A_TIME = 20
LONGEST_POLL_S = 0.05
_SIGN_OUT = ("DELETE", "/v1/session")

Headers = dict[str, str]


@dataclass
class Report:
    """What came of a run; `wrong` has one line for each kind of wrong answer, with how often it came."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0


class Fuzzer:
    """Asks one service.

    Args:
        url: of the service, on loopback.
        sign_in: makes a session and gives the headers that carry it; None asks without.
        known: things that exist, by the name of the parameter in a path; they take the place of what is made up, often.
        start: two runs with the same number ask the same as long as the service answers the same.
        narrow: changes a valid body before it is sent, to keep what it starts small.
    """

    def __init__(
        self,
        url: str,
        *,
        sign_in: Callable[[], Headers] | None,
        known: Mapping[str, Sequence[object]],
        start: int,
        narrow: Callable[[dict[str, Any]], None] = lambda body: None,
    ) -> None:
        self._url, self._sign_in, self._known, self._narrow = url, sign_in, known, narrow
        self._random = random.Random(start)
        self._addresses = count(2)
        document = self._session().get(f"{url}/openapi/openapi.json", timeout=30).json()
        self._operations = _operations(document)
        self._headers = sign_in() if sign_in else {}
        self._start = start
        self.report = Report()

    def run(self, total: int) -> Report:
        """Send `total` requests, spread evenly over the operations as far as these have different ones."""
        # Few at a time in a short run, so that every operation has its turn.
        at_a_time = max(2, min(EXAMPLES_AT_A_TIME, total // (4 * len(self._operations))))
        for turn in count():
            for operation in self._operations:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    self._examples(operation, mode, turn, min(at_a_time, total - self.report.requests))
                    if self.report.requests >= total:
                        return self.report
        raise AssertionError("unreachable")

    def _examples(self, operation: APIOperation, mode: GenerationMode, turn: int, most: int) -> None:
        if (operation.method.upper(), operation.path) == _SIGN_OUT:
            most = min(most, 2)

        @seed(self._start + turn)
        @settings(
            max_examples=most,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Case) -> None:
            if self.report.requests < total_before + most:
                self._ask(operation, case)

        total_before = self.report.requests
        # An operation that takes nothing cannot be asked for anything wrong.
        with suppress(Unsatisfiable):
            one()

    def _ask(self, operation: APIOperation, case: Case) -> None:
        self._use_what_is_known(case)
        session = self._session()
        session.headers.update(self._headers)
        started = time.monotonic()
        try:
            response = case.call(base_url=self._url, session=session, timeout=60)
        except requests.RequestException as error:
            self._note(operation, f"no answer: {type(error).__name__}")
            return
        finally:
            session.close()
            self.report.requests += 1
        took_s = time.monotonic() - started
        self.report.slowest_s = max(self.report.slowest_s, took_s)
        self.report.statuses[response.status_code] += 1
        if took_s > SLOW_S:
            self._note(operation, f"took more than {SLOW_S:g} s")
        self._check(operation, case, response)
        if self._sign_in and (operation.method.upper(), operation.path) == _SIGN_OUT:
            self._headers = self._sign_in()

    def _check(self, operation: APIOperation, case: Case, response: Any) -> None:
        if self._sign_in is None and _needs_session(operation) and response.status_code < 400:
            self._note(operation, f"done without a session: {response.status_code}")
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(operation, f"{response.status_code} {_line(failure)}")
        except Failure as failure:
            self._note(operation, f"{response.status_code} {_line(failure)}")

    def _use_what_is_known(self, case: Case) -> None:
        for name in [name for name in case.headers or {} if self._sign_in and name.lower() == "authorization"]:
            # Made up as well, where a document says that it is needed.
            del case.headers[name]
        for name in case.path_parameters or {}:
            if self._known.get(name) and self._random.random() < KNOWN_SHARE:
                case.path_parameters[name] = self._random.choice(self._known[name])
        if isinstance(case.query, dict) and isinstance(case.query.get("wait"), int | float):
            # What waits does nothing else.
            case.query["wait"] = min(case.query["wait"], LONGEST_POLL_S)
        if isinstance(case.body, dict):
            self._narrow(case.body)

    def _session(self) -> requests.Session:
        """From another address of this machine each time, so that no limit of one address is met."""
        session = requests.Session()
        session.trust_env = False
        number = next(self._addresses)
        adapter = _From(f"127.{number >> 16 & 63}.{number >> 8 & 255}.{number & 255}")
        session.mount("http://", adapter)
        return session

    def _note(self, operation: APIOperation, what: str) -> None:
        self.report.wrong[f"{operation.method.upper()} {operation.path}: {what}"] += 1


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=(self._address, 0))


def _operations(document: dict[str, Any]) -> list[APIOperation]:
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations()]
    assert found
    return found


def _line(failure: Failure) -> str:
    return f"{failure.title}: {' '.join(str(failure.message).split())[:200]}"


def _needs_session(operation: APIOperation) -> bool:
    return bool(operation.definition.raw.get("security"))
