"""The data owner's app around a world of fakes, and a client that is signed in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from commons.errors import ServiceUnavailable
from commons.web.authentication import Authenticator
from data_owner.app import create_app
from data_owner.config import OwnerConfig
from data_owner.services.commitments import Commitments
from data_owner.services.histograms import Histograms
from data_owner.services.terms_to_sign import TermsPreview
from data_owner.tables import AUTHENTICATION
from data_owner.wiring import Parts


@pytest.fixture
def app(world: Any) -> Any:
    def check_board() -> None:
        if world.aggregator.away:
            raise ServiceUnavailable("the aggregator does not answer")

    authenticator = Authenticator(world.database, AUTHENTICATION, hasher=PasswordHasher(time_cost=1, memory_cost=64))
    authenticator.ensure_admin("correct horse", world.folder)
    config = OwnerConfig.read(
        {
            "state_dir": world.folder,
            "max_upload_mib": 1,
            "contract_address": "0x" + "c0" * 20,
            "ui_dir": world.folder,
            "data_dirs": world.folder,
        },
        {"DELTAML_KEYSTORE_PASSWORD": "x"},
    )
    parts = SimpleNamespace(
        config=config,
        address=world.address,
        database=world.database,
        authenticator=authenticator,
        board=SimpleNamespace(check=check_board),
        chain=world.chain,
        datasets=world.datasets,
        offers=world.offers,
        commitments=Commitments(world.acceptances, world.deliveries, world.offers),
        earnings=world.earnings,
        histograms=Histograms(world.database, world.open_file),
        terms=TermsPreview(world.offers, world.chain, key_policy=UNSAFE_SMALL_KEYS),
    )
    return create_app(cast(Parts, parts))


@pytest.fixture
def client(app: Any) -> FlaskClient:
    client: FlaskClient = app.test_client()
    answer = client.post("/v1/session", json={"user": "admin", "password": "correct horse"})
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.get_json()['token']}"
    return client
