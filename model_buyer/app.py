"""The model buyer's Flask app."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from flask_openapi3.openapi import OpenAPI
from sqlalchemy import text

from commons.errors import DeltaMLError
from commons.web.about_api import About, about_blueprint
from commons.web.app import ReadinessCheck, create_api
from commons.web.frontend import serve_pages
from commons.web.hosts import require_known_host
from commons.web.session_api import require_session, session_blueprint
from commons.web.split_preview_api import split_preview_blueprint
from model_buyer.api.account import account_blueprint
from model_buyer.api.jobs import jobs_blueprint
from model_buyer.api.results import results_blueprint
from model_buyer.wiring import Parts


def create_app(parts: Parts) -> OpenAPI:
    """Return the app around assembled parts."""
    app = create_api(
        "DeltaML model buyer",
        version("deltaml"),
        readiness=lambda: _readiness(parts),
        trusted_proxies=parts.config.trusted_proxies,
        app=parts.buyer.database.app,
        description="Posts jobs, follows them, and hands out what they were for.",
    )
    config = parts.config
    require_known_host(app, public_url=config.public_url, listens_on=config.host)
    require_session(app, parts.authenticator, public_url=config.public_url)
    app.register_api(session_blueprint(parts.authenticator, public_url=config.public_url))
    app.register_api(about_blueprint(_about(parts), lambda: _readiness(parts)))
    app.register_api(split_preview_blueprint())
    app.register_api(account_blueprint(parts.buyer))
    app.register_api(jobs_blueprint(parts.buyer))
    app.register_api(results_blueprint(parts.buyer))
    serve_pages(app, config.ui_dir / "buyer")
    return app


def _about(parts: Parts) -> About:
    config = parts.config
    return About(
        service="buyer",
        name=config.name,
        version=version("deltaml"),
        address=parts.address,
        chain_id=config.chain.chain_id,
        contract_address=config.chain.contract_address,
        aggregator_url=config.aggregator_url,
        explorer_url=config.explorer_url,
    )


def _readiness(parts: Parts) -> list[ReadinessCheck]:
    buyer = parts.buyer

    def database() -> None:
        with buyer.database.snapshot() as session:
            session.execute(text("SELECT 1"))

    return [
        _check("database", database),
        _check("chain", buyer.chain.check),
        _check("aggregator", buyer.aggregator.status),
    ]


def _check(name: str, ask: Callable[[], object]) -> ReadinessCheck:
    try:
        ask()
    except DeltaMLError as error:
        return ReadinessCheck(name, ok=False, detail=error.message)
    return ReadinessCheck(name, ok=True)
