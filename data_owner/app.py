"""The data owner's Flask app."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from flask import Flask
from sqlalchemy import text

from commons.errors import DeltaMLError
from commons.web.app import ReadinessCheck, create_api
from commons.web.session_api import require_session, session_blueprint
from data_owner.api.datasets import datasets_blueprint
from data_owner.api.earnings import earnings_blueprint
from data_owner.api.offers import offers_blueprint
from data_owner.wiring import Owner


def create_app(owner: Owner) -> Flask:
    """The app around an assembled owner."""
    app = create_api(
        "DeltaML data owner",
        version("deltaml"),
        readiness=lambda: _readiness(owner),
        description="Keeps a data owner's rows, offers what they are good for, and answers encrypted training tasks.",
    )
    app.register_api(session_blueprint(owner.authenticator))
    app.register_api(datasets_blueprint(owner.datasets, max_upload_bytes=owner.max_upload_bytes))
    app.register_api(offers_blueprint(owner.offers, owner.commitments))
    app.register_api(earnings_blueprint(owner.earnings))
    require_session(app, owner.authenticator)
    return app


def _readiness(owner: Owner) -> list[ReadinessCheck]:
    def database() -> None:
        with owner.database.snapshot() as session:
            session.execute(text("SELECT 1"))

    return [
        _check("database", database),
        _check("chain", owner.chain.check),
        _check("aggregator", owner.board.check),
    ]


def _check(name: str, ask: Callable[[], None]) -> ReadinessCheck:
    try:
        ask()
    except DeltaMLError as error:
        return ReadinessCheck(name, ok=False, detail=error.message)
    return ReadinessCheck(name, ok=True)
