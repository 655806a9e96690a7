"""The buyer's app around its real database and a chain in memory, and a client that is signed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model_buyer.app import create_app
from model_buyer.wiring import Parts


@pytest.fixture
def web(parts: Parts) -> FlaskClient:
    return create_app(parts).test_client()


@pytest.fixture
def client(web: FlaskClient, signed_in_template: tuple[Path, str]) -> FlaskClient:
    web.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {signed_in_template[1]}"
    return web
