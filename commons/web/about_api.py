"""`/v1/about` and `/v1/health`: what the pages say about the service behind them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from commons.web.app import BEARER, live_response
from commons.web.readiness import Readiness, ReadinessCheck


class About(BaseModel):
    """Who this service is, and with whom it works."""

    service: str = Field(description="owner or buyer")
    name: str = Field(description="What others are shown")
    version: str
    address: str = Field(description="The account that signs, pays and is paid")
    chain_id: int | None = Field(description="The configured chain, null when any is taken")
    contract_address: str
    aggregator_url: str
    explorer_url: str | None = Field(description="Block explorer; a transaction is at EXPLORER_URL/tx/HASH")


def about_blueprint(about: About, readiness: Callable[[], list[ReadinessCheck]]) -> APIBlueprint:
    """The routes; `readiness` as for `create_api`."""
    blueprint = APIBlueprint("about", __name__, url_prefix="/v1", abp_tags=[Tag(name="service")], abp_security=BEARER)

    @blueprint.get("/about", responses={HTTPStatus.OK: About})
    def show_about() -> Response:
        """Who this service is, and with whom it works."""
        return live_response(about)

    @blueprint.get("/health", responses={HTTPStatus.OK: Readiness})
    def health() -> Response:
        """What `/readyz` says, with details, and always with status 200."""
        return live_response(Readiness.of(readiness()))

    return blueprint
