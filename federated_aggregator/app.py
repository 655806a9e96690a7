"""The aggregator's Flask app."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import structlog
from flask import Flask, Response

from commons.errors import ChainUnavailable, ServiceUnavailable, TooManyRequests
from commons.web.app import create_api
from commons.web.configuration import DEFAULT_UI_DIR, Network
from commons.web.errors import problem_response
from commons.web.frontend import serve_pages
from commons.web.readiness import ReadinessCheck, look_after
from federated_aggregator.api.board import board_blueprint
from federated_aggregator.api.routes import v1_blueprint
from federated_aggregator.wiring import Parts

log = structlog.get_logger(__name__)


def create_app(parts: Parts, ui_dir: Path = DEFAULT_UI_DIR, trusted_proxies: Sequence[Network] = ()) -> Flask:
    """The app around an assembled service; the public pages are in `board` of `ui_dir`, proxies as for `create_api`."""
    app = create_api(
        "DeltaML federated aggregator",
        version("deltaml"),
        readiness=lambda: _readiness(parts),
        description="Recruits data owners, schedules encrypted training rounds, settles on chain.",
        trusted_proxies=trusted_proxies,
        app=parts.database.app,
    )
    app.register_error_handler(ServiceUnavailable, _answer_without_internals)
    app.register_api(
        v1_blueprint(
            status=parts.status,
            sign_in=parts.sign_in,
            catalogue=parts.catalogue,
            recruiting=parts.recruiting,
            views=parts.views,
            scheduler=parts.scheduler,
            queue=parts.queue,
        )
    )
    app.register_api(board_blueprint(parts.board))
    serve_pages(app, ui_dir / "board")
    return app


def _answer_without_internals(error: ServiceUnavailable) -> Response:
    """Who asks is a stranger: which node or database does not answer is for the log."""
    if isinstance(error, TooManyRequests):
        return problem_response(error)
    log.warning("part_unavailable", code=error.code, reason=error.message)
    if isinstance(error, ChainUnavailable):
        return problem_response(ChainUnavailable("the aggregator's Ethereum node does not answer; try again later"))
    return problem_response(ServiceUnavailable("a part of the aggregator does not answer; try again later"))


def _readiness(parts: Parts) -> list[ReadinessCheck]:
    return look_after(database=parts.database.check, chain=parts.chain.check)
