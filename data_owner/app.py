"""The data owner's Flask app."""

from __future__ import annotations

from flask import Flask

from commons.web.frontend import serve_pages
from commons.web.participant_app import create_participant_app
from commons.web.readiness import ReadinessCheck, look_after
from data_owner.api.datasets import datasets_blueprint
from data_owner.api.earnings import earnings_blueprint
from data_owner.api.offers import offers_blueprint
from data_owner.wiring import Parts


def create_app(parts: Parts) -> Flask:
    """The app around an assembled service."""
    config = parts.config
    app = create_participant_app(
        "owner",
        "DeltaML data owner",
        description="Keeps a data owner's rows, offers what they are good for, and answers encrypted training tasks.",
        parts=parts,
        readiness=lambda: _readiness(parts),
    )
    app.register_api(
        datasets_blueprint(
            parts.datasets,
            parts.histograms,
            max_upload_bytes=config.max_upload_mib * 2**20,
            data_dirs=config.data_dirs,
        )
    )
    app.register_api(offers_blueprint(parts.offers, parts.commitments, parts.terms, parts.earnings))
    app.register_api(earnings_blueprint(parts.earnings))
    serve_pages(app, config.ui_dir / "owner")
    return app


def _readiness(parts: Parts) -> list[ReadinessCheck]:
    return look_after(database=parts.database.check, chain=parts.chain.connection.check, aggregator=parts.board.check)
