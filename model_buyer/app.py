"""The model buyer's Flask app."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from flask_openapi3.openapi import OpenAPI
from sqlalchemy import text

from commons.errors import DeltaMLError
from commons.web.about_api import About, about_blueprint
from commons.web.app import ReadinessCheck, create_api
from commons.web.authentication import Authenticator
from commons.web.frontend import serve_pages
from commons.web.hosts import require_known_host
from commons.web.session_api import require_session, session_blueprint
from commons.web.split_preview_api import split_preview_blueprint
from model_buyer.adapters.tables import AUTHENTICATION
from model_buyer.api.account import account_blueprint
from model_buyer.api.jobs import jobs_blueprint
from model_buyer.wiring import Assembly


def create_app(parts: Assembly) -> OpenAPI:
    """Return the app around assembled parts; makes the user `admin` at the first start."""
    app = create_api(
        "DeltaML model buyer",
        version("deltaml"),
        readiness=lambda: _readiness(parts),
        trusted_proxies=parts.config.trusted_proxies,
        description="Posts training jobs, follows them, and hands out the trained models.",
    )
    config = parts.config
    require_known_host(app, public_url=config.public_url, listens_on=config.host)
    authenticator = Authenticator(parts.database, AUTHENTICATION, clock=parts.clock)
    authenticator.ensure_admin(config.admin_password, config.state_dir)
    require_session(app, authenticator, public_url=config.public_url)
    app.register_api(session_blueprint(authenticator, public_url=config.public_url))
    app.register_api(about_blueprint(_about(parts), lambda: _readiness(parts)))
    app.register_api(split_preview_blueprint())
    app.register_api(account_blueprint(parts))
    app.register_api(jobs_blueprint(parts))
    serve_pages(app, config.ui_dir / "buyer")
    return app


def _about(parts: Assembly) -> About:
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


def _readiness(parts: Assembly) -> list[ReadinessCheck]:
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: _touch_database(parts),
        "chain": lambda: parts.marketplace.wait_until_ready(0),
        "aggregator": parts.reader.status,
    }
    results = []
    for name, check in checks.items():
        try:
            check()
        except DeltaMLError as error:
            results.append(ReadinessCheck(name, ok=False, detail=error.message))
        else:
            results.append(ReadinessCheck(name, ok=True))
    return results


def _touch_database(parts: Assembly) -> None:
    with parts.database.snapshot() as session:
        session.execute(text("SELECT 1"))
