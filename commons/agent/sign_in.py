"""The message with which an account signs in to an aggregator (EIP-4361, "Sign-In with Ethereum").

A participant signs it with its account key; the aggregator checks domain, nonce, chain id and signature and hands out
a short-lived token. Whoever else sees the message learns the address only, and cannot use it twice or elsewhere: the
nonce is the aggregator's and the domain is in the text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

STATEMENT: Final = "Sign in to the DeltaML aggregator."
_FORM: Final = re.compile(
    r"[!-~]{1,100} wants you to sign in with your Ethereum account:\n0x[0-9A-Fa-f]{40}\n\n"
    r"(?:[ -~]{1,100}\n)?\nURI: [!-~]{1,128}\nVersion: 1\nChain ID: [0-9]{1,20}\nNonce: ([A-Za-z0-9]{8,100})\n"
    r"Issued At: [!-~]{1,40}(?:\n[ -~]{1,100})*"
)
"""What all honest messages look like. Parsers of the whole grammar take a third of a second for others of the same length."""


def sign_in_message(*, domain: str, uri: str, address: str, chain_id: int, nonce: str, issued_at: float) -> str:
    """Return the text to sign.

    Args:
        domain: host and port of the aggregator's URL, as this participant knows it.
        uri: the aggregator's URL.
        address: the account's address with its checksum (EIP-55).
        chain_id: the chain that the session is for.
        nonce: as the aggregator gave it.
        issued_at: Unix time in seconds.
    """
    moment = datetime.fromtimestamp(issued_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return (
        f"{domain} wants you to sign in with your Ethereum account:\n{address}\n\n{STATEMENT}\n\n"
        f"URI: {uri}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\nIssued At: {moment}"
    )


def nonce_of(text: str) -> str | None:
    """Return the nonce of a text that looks like a message to sign in, None of any other; checks nothing else."""
    found = _FORM.fullmatch(text)
    return None if found is None else found.group(1)


def sign_text(account: LocalAccount, text: str) -> str:
    """Return the EIP-191 signature of `text` as 0x-prefixed hex."""
    return "0x" + bytes(account.sign_message(encode_defunct(text=text)).signature).hex()
