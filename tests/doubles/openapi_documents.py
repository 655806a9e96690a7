"""The three services' apps around nothing, for tests of what their OpenAPI documents say."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from flask import Flask

from commons.web.core_app import CoreApp
from data_owner.app import create_app as create_owner
from data_owner.config import OwnerConfig
from federated_aggregator.app import create_app as create_aggregator
from model_buyer.app import create_app as create_buyer
from model_buyer.config import BuyerConfig

_ADDRESS = "0x" + "11" * 20
_SECRETS = {"DELTAML_KEYSTORE_PASSWORD": "unused"}


def _apps() -> dict[str, Flask]:
    options = {"state_dir": "/nonexistent", "contract_address": _ADDRESS, "ui_dir": "/nonexistent"}
    return {
        "owner": create_owner(_parts(config=OwnerConfig.read(options, _SECRETS), address=_ADDRESS)),
        "buyer": create_buyer(_parts(config=BuyerConfig.read(options, _SECRETS), address=_ADDRESS)),
        "aggregator": create_aggregator(_parts(), Path("/nonexistent")),
    }


def _parts(**known: Any) -> Any:
    """A service of which nothing is real but the app, and what is given."""
    return MagicMock(database=MagicMock(app=CoreApp()), **known)


def documents() -> dict[str, dict[str, Any]]:
    """Each service's OpenAPI document, by the service's name."""
    found = {name: app.test_client().get("/openapi/openapi.json").get_json() for name, app in _apps().items()}
    assert all(len(document["paths"]) for document in found.values())
    return found
