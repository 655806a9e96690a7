"""A participant's session at an aggregator's app, without a network."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from flask.testing import FlaskClient

from commons.agent.sign_in import sign_in_message, sign_text

OWN_URL = "http://localhost"
"""Where Flask's test client believes to be."""


def sign_in(client: FlaskClient, account: LocalAccount, **changes: Any) -> str:
    """Sign in and have the client send the token from now on; `changes` are of the message that is signed."""
    status = client.get("/v1/status").get_json()
    fields = {
        "domain": OWN_URL.removeprefix("http://"),
        "uri": OWN_URL,
        "address": account.address,
        "chain_id": status["chain_id"],
        "nonce": client.post("/v1/sign-in/nonce").get_json()["nonce"],
        "issued_at": 1_800_000_000,
    }
    message = sign_in_message(**fields | changes)
    answer = client.post("/v1/sign-in", json={"message": message, "signature": sign_text(account, message)})
    token = str(answer.get_json().get("token"))
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return token
