"""The headers of a participant that has signed in to an aggregator."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import requests
from eth_account.signers.local import LocalAccount

from commons.agent.sign_in import sign_in_message, sign_text


def sign_in_as(url: str, account: LocalAccount) -> dict[str, str]:
    """Sign in to the aggregator at `url`, say who it is, and return the headers that carry the session."""
    chain_id = requests.get(f"{url}/v1/status", timeout=30).json()["chain_id"]
    nonce = requests.post(f"{url}/v1/sign-in/nonce", timeout=30).json()["nonce"]
    message = sign_in_message(
        domain=urlsplit(url).netloc,
        uri=url,
        address=account.address,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=time.time(),
    )
    body = {"message": message, "signature": sign_text(account, message)}
    token = requests.post(f"{url}/v1/sign-in", json=body, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    me = {"name": "somebody", "kind": "data_owner"}
    requests.put(f"{url}/v1/participants/me", json=me, headers=headers, timeout=30).raise_for_status()
    return headers
