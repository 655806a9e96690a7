"""What is looked at before the body of a request is read: who asks, how often, and how large the body may be.

Nothing of a body is read for a caller that is nobody. Large bodies are taken as results only, from those whom the task is for.
"""

from __future__ import annotations

from flask import g, request
from flask_openapi3 import APIBlueprint

from commons.errors import NotAuthenticated
from commons.web.app import SIGN_IN_CONTENT_LENGTH, allow_body
from commons.web.rate_limit import public_limit
from federated_aggregator.services.scheduler import Scheduler
from federated_aggregator.services.sign_in import SignIn

_SIGNING_IN = frozenset({"nonce", "sign_in"})
_PUBLIC = frozenset({"status", "datasets", "jobs", "versions", "job"}) | _SIGNING_IN
_RESULT = "result"


def admit_first(api: APIBlueprint, sign_in: SignIn, scheduler: Scheduler) -> None:
    """Put this in front of all routes of `api`; `g.caller` is the caller's address where one is needed.

    Args:
        api: the blueprint; its views are known by their names, and any that is not named here needs a caller.
        sign_in: knows the callers.
        scheduler: knows how large a result may be.
    """
    public = public_limit()

    @api.before_request
    def admit() -> None:
        view = (request.endpoint or "").rpartition(".")[2]
        if view in _SIGNING_IN:
            allow_body(SIGN_IN_CONTENT_LENGTH)
        if view in _PUBLIC:
            public.take_for_request()
        else:
            try:
                g.caller = _caller(sign_in)
            except NotAuthenticated:
                public.take_for_request()
                raise
        if view == _RESULT:
            _allow_result(scheduler)


def _caller(sign_in: SignIn) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated("sign in first: the request has no bearer token")
    return sign_in.address_of(token.strip())


def _allow_result(scheduler: Scheduler) -> None:
    length, anybodys = request.content_length, request.max_content_length or 0
    if length is not None and length <= anybodys:
        # So the task need not be looked at.
        return
    most = scheduler.result_bytes(g.caller, str((request.view_args or {}).get("task_id", "")))
    if most is not None:
        allow_body(most)
