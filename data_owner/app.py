"""The data owner's Flask app."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from flask import Flask
from sqlalchemy import text

from commons.errors import DeltaMLError
from commons.web.about_api import About, about_blueprint
from commons.web.app import ReadinessCheck, create_api
from commons.web.frontend import serve_pages
from commons.web.hosts import require_known_host
from commons.web.session_api import require_session, session_blueprint
from commons.web.split_preview_api import split_preview_blueprint
from data_owner.api.datasets import datasets_blueprint
from data_owner.api.earnings import earnings_blueprint
from data_owner.api.offers import offers_blueprint
from data_owner.wiring import Parts


def create_app(parts: Parts) -> Flask:
    """The app around an assembled service."""
    app = create_api(
        "DeltaML data owner",
        version("deltaml"),
        readiness=lambda: _readiness(parts),
        trusted_proxies=parts.config.trusted_proxies,
        app=parts.database.app,
        description="Keeps a data owner's rows, offers what they are good for, and answers encrypted training tasks.",
    )
    config = parts.config
    require_known_host(app, public_url=config.public_url, listens_on=config.host)
    require_session(app, parts.authenticator, public_url=config.public_url)
    app.register_api(session_blueprint(parts.authenticator, public_url=config.public_url))
    app.register_api(about_blueprint(_about(parts), lambda: _readiness(parts)))
    app.register_api(split_preview_blueprint())
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


def _about(parts: Parts) -> About:
    config = parts.config
    return About(
        service="owner",
        name=config.name,
        version=version("deltaml"),
        address=parts.address,
        chain_id=config.chain.chain_id,
        contract_address=config.chain.contract_address,
        aggregator_url=config.aggregator_url,
        explorer_url=config.explorer_url,
    )


def _readiness(parts: Parts) -> list[ReadinessCheck]:
    def database() -> None:
        with parts.database.snapshot() as session:
            session.execute(text("SELECT 1"))

    return [
        _check("database", database),
        _check("chain", parts.chain.connection.check),
        _check("aggregator", parts.board.check),
    ]


def _check(name: str, ask: Callable[[], object]) -> ReadinessCheck:
    try:
        ask()
    except DeltaMLError as error:
        return ReadinessCheck(name, ok=False, detail=error.message)
    return ReadinessCheck(name, ok=True)
