"""The model buyer's Flask app."""

from __future__ import annotations

from flask import Flask

from commons.web.frontend import serve_pages
from commons.web.participant_app import create_participant_app
from commons.web.readiness import ReadinessCheck, look_after
from model_buyer.api.account import account_blueprint
from model_buyer.api.jobs import jobs_blueprint
from model_buyer.api.results import results_blueprint
from model_buyer.wiring import Parts


def create_app(parts: Parts) -> Flask:
    """The app around an assembled service."""
    app = create_participant_app(
        "buyer",
        "DeltaML model buyer",
        description="Posts jobs, follows them, and hands out what they were for.",
        parts=parts,
        readiness=lambda: _readiness(parts),
    )
    app.register_api(account_blueprint(parts.buyer))
    app.register_api(jobs_blueprint(parts.buyer))
    app.register_api(results_blueprint(parts.buyer))
    serve_pages(app, parts.config.ui_dir / "buyer")
    return app


def _readiness(parts: Parts) -> list[ReadinessCheck]:
    buyer = parts.buyer
    return look_after(database=parts.database.check, chain=buyer.chain.check, aggregator=buyer.aggregator.status)
