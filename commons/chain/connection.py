"""A connection to one Ethereum node, whose failures are this project's errors.

A node that does not answer, answers nonsense, or serves another chain is `ChainUnavailable`; a call that the contract
refuses is `TransactionFailed` with `reason=` the name of the contract's error. Neither ever shows credentials that the
RPC URL may carry.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import BadFunctionCallOutput, BadResponseFormat, ContractLogicError, Web3RPCError
from web3.types import RPCEndpoint, RPCResponse

from commons.chain.reverts import decode_revert
from commons.errors import ChainUnavailable, InvalidInput, TransactionFailed

_POLL_INTERVAL_S: Final = 0.5


class _CheckedProvider(HTTPProvider):
    """An HTTP provider that lets through JSON objects only; web3 takes any JSON for one and fails further in."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        response = super().make_request(method, params)
        if not isinstance(response, dict):
            raise BadResponseFormat(f"{method} was answered with something other than a JSON object")
        return response


class ChainConnection:
    """A lazily opened connection; making one sends nothing.

    Args:
        chain_id: the chain that the node must serve; by default whichever it serves when first asked, and that
            one from then on.
    """

    def __init__(self, rpc_url: str, *, chain_id: int | None = None, request_timeout_s: float = 10.0) -> None:
        self.address: Final = _without_credentials(rpc_url)
        provider = _CheckedProvider(
            rpc_url,
            request_kwargs={"timeout": request_timeout_s},
            # Whoever calls decides whether and when to try again.
            exception_retry_configuration=None,
        )
        self.web3: Final = Web3(provider)
        # It asks the node for its chain id before every call; `check` and the signed transactions see to the chain.
        self.web3.middleware_onion.remove("validation")
        self._chain_id = chain_id

    def __repr__(self) -> str:
        return f"<ChainConnection {self.address}>"

    @property
    def chain_id(self) -> int:
        """The chain's id; asks the node when it is not known yet."""
        return self._chain_id if self._chain_id is not None else self.check()

    def check(self) -> int:
        """Ask the node for its chain id and return it; raises `ChainUnavailable` when it is not the expected one."""
        with self.translated():
            served = self.web3.eth.chain_id
        if self._chain_id is None:
            self._chain_id = served
        if served != self._chain_id:
            raise ChainUnavailable(
                f"the Ethereum node at {self.address} serves chain {served}, not {self._chain_id}; "
                "check the configured RPC URL and chain id",
                expected_chain_id=self._chain_id,
                served_chain_id=served,
            )
        return served

    def wait_until_ready(self, timeout_s: float, on_wait: Callable[[str], None] | None = None) -> None:
        """Return once the node answers with the right chain id; raises `ChainUnavailable` after `timeout_s` seconds.

        Args:
            on_wait: called with what is waited for, each time that it is still missing.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.check()
            except ChainUnavailable as error:
                if time.monotonic() >= deadline:
                    raise
                if on_wait is not None:
                    on_wait(error.message)
                time.sleep(min(_POLL_INTERVAL_S, timeout_s))
            else:
                return

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what web3 and the network raise within into `ChainUnavailable` and `TransactionFailed`."""
        try:
            yield
        except ContractLogicError as error:
            revert = decode_revert(error.data)
            raise TransactionFailed(
                f"the contract refused: {revert}", reason=revert.name, arguments=revert.arguments
            ) from error
        except Web3RPCError as error:
            self._raise_refused(error)
        except BadFunctionCallOutput as error:
            raise ChainUnavailable(
                f"the node at {self.address} has no such contract; check the contract address and the chain"
            ) from error
        except requests.RequestException as error:
            # The text of a requests error shows the URL, credentials included.
            what = type(error).__name__ if error.response is None else f"HTTP status {error.response.status_code}"
            raise ChainUnavailable(
                f"no Ethereum node answers at {self.address} ({what}); "
                "check that it runs and that the RPC URL is right",
                rpc_url=self.address,
            ) from None
        except (BadResponseFormat, JSONDecodeError) as error:
            raise ChainUnavailable(f"what answers at {self.address} is not an Ethereum node") from error

    def _raise_refused(self, error: Web3RPCError) -> NoReturn:
        answer = (error.rpc_response or {}).get("error")
        text = str(answer.get("message")) if isinstance(answer, dict) else str(answer or error.message)
        data = answer.get("data") if isinstance(answer, dict) else None
        if "revert" in text.lower():
            revert = decode_revert(data)
            raise TransactionFailed(
                f"the contract refused: {revert}", reason=revert.name, arguments=revert.arguments
            ) from error
        raise ChainUnavailable(
            f"the Ethereum node at {self.address} refused: {text}", rpc_url=self.address, rpc_message=text
        ) from error


def _without_credentials(rpc_url: str) -> str:
    parts = urlsplit(rpc_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("the RPC URL must be http:// or https:// with a host name", field="rpc_url")
    port = f":{parts.port}" if parts.port else ""
    # Providers put API keys into paths and queries too.
    hidden = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.hostname}{port}{hidden}"
