"""What the apps of a data owner and of a model buyer have in common: somebody signs in, sees who the service is, plans a split.

The aggregator has none of it. Its participants sign in with their Ethereum accounts, and its pages are for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol

from commons.chain.settings import ChainSettings
from commons.storage.database import Database
from commons.web.about_api import About, about_blueprint
from commons.web.app import create_api
from commons.web.authentication import Authenticator
from commons.web.configuration import Network
from commons.web.core_app import CoreApp
from commons.web.hosts import require_known_host
from commons.web.readiness import ReadinessCheck
from commons.web.session_api import require_session, session_blueprint
from commons.web.split_preview_api import split_preview_blueprint


class ParticipantConfig(Protocol):
    """What the app goes by of a service's configuration."""

    @property
    def name(self) -> str:
        """What others are shown."""

    @property
    def host(self) -> str:
        """Where the service listens."""

    @property
    def public_url(self) -> str | None:
        """The URL under which browsers reach it; None takes addresses and localhost only."""

    @property
    def chain(self) -> ChainSettings:
        """Node and contract."""

    @property
    def aggregator_url(self) -> str:
        """The federated aggregator."""

    @property
    def explorer_url(self) -> str | None:
        """A block explorer, for links to transactions."""

    @property
    def trusted_proxies(self) -> Sequence[Network]:
        """Whose `X-Forwarded-For` says who the client is."""


class Participant(Protocol):
    """What the app needs of an assembled service; `address` is its account's."""

    @property
    def config(self) -> ParticipantConfig:
        """The service's configuration."""

    @property
    def address(self) -> str:
        """The account's address."""

    @property
    def database(self) -> Database:
        """The service's, whose app gets the routes."""

    @property
    def authenticator(self) -> Authenticator:
        """Who may sign in."""


def create_participant_app(
    service: str,
    title: str,
    *,
    description: str,
    parts: Participant,
    readiness: Callable[[], list[ReadinessCheck]],
) -> CoreApp:
    """Return an app with sessions, `/v1/about`, `/v1/health` and `/v1/split-preview`, besides what `create_api` adds.

    Args:
        service: "owner" or "buyer", for the pages.
        title: of the service, for documentation and health answers.
        description: opens the documentation.
        parts: the assembled service.
        readiness: as for `create_api`.
    """
    config = parts.config
    app = create_api(
        title,
        version("deltaml"),
        readiness=readiness,
        description=description,
        trusted_proxies=config.trusted_proxies,
        app=parts.database.app,
    )
    about = About(
        service=service,
        name=config.name,
        version=version("deltaml"),
        address=parts.address,
        chain_id=config.chain.chain_id,
        contract_address=config.chain.contract_address,
        aggregator_url=config.aggregator_url,
        explorer_url=config.explorer_url,
    )
    require_known_host(app, public_url=config.public_url, listens_on=config.host)
    require_session(app, parts.authenticator, public_url=config.public_url)
    app.register_api(session_blueprint(parts.authenticator, public_url=config.public_url))
    app.register_api(about_blueprint(about, readiness))
    app.register_api(split_preview_blueprint())
    return app
