"""JSON over HTTP to one other DeltaML service: timeouts, errors as `commons.errors`, nothing that needs a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from commons.agent.problems import error_from_problem
from commons.agent.upload import FileUpload
from commons.errors import InvalidInput, ProtocolViolation, ServiceUnavailable

CONNECT_TIMEOUT_S = 5.0
DEFAULT_TIMEOUT_S = 30.0
UPLOAD_TIMEOUT_S = 600.0
"""A service reads a file from end to end before it answers."""


def checked_service_url(url: str, *, field: str) -> str:
    """Return `url` without a trailing slash.

    Raises:
        InvalidInput: if it is no absolute http or https URL, or holds a user, a query or a fragment.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"{field} is {url!r}; expected something like http://127.0.0.1:5000", field=field)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(f"{field} must hold no user, password, query or fragment", field=field)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


class HttpService:
    """One other service, reached over a kept-alive connection; use one instance a thread.

    Args:
        url: base URL of the service; paths are appended to it.
        name: what messages call it, for example "the aggregator".
        setting: the name of the setting that holds the URL, for the remedy in messages.
    """

    def __init__(self, url: str, *, name: str, setting: str) -> None:
        self.url = checked_service_url(url, field=setting)
        self._name = name
        self._setting = setting
        self._http = requests.Session()
        self._http.headers["User-Agent"] = "deltaml"
        # Another service's address is configuration; a proxy from the environment would see loopback traffic.
        self._http.trust_env = urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        token: str | None = None,
        idempotency_key: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Any:
        """Send one request and return the decoded JSON answer, or None when the answer is empty.

        With an idempotency key, which only some paths look at, the same request can be sent again and is done once.

        Raises:
            ServiceUnavailable: nothing answers at the URL, or not in time.
            ProtocolViolation: the answer is not JSON.
            DeltaMLError: whatever error the service answered with.
        """
        headers = {} if idempotency_key is None else {"Idempotency-Key": f'"{idempotency_key}"'}
        return self._request(method, path, token, headers, timeout_s, json=body, params=query)

    def upload(
        self, path: str, upload: FileUpload, *, token: str | None = None, timeout_s: float = UPLOAD_TIMEOUT_S
    ) -> Any:
        """Send a file with POST and return the decoded JSON answer; errors as `call`."""
        headers = {"Content-Type": upload.content_type}
        return self._request("POST", path, token, headers, timeout_s, data=upload)

    def _request(
        self, method: str, path: str, token: str | None, headers: dict[str, str], timeout_s: float, **content: Any
    ) -> Any:
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = self._http.request(
                method,
                self.url + path,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, timeout_s),
                allow_redirects=False,
                **content,
            )
        except requests.Timeout as error:
            raise ServiceUnavailable(f"{self._name} at {self.url} did not answer in time", url=self.url) from error
        except requests.RequestException as error:
            raise ServiceUnavailable(
                f"{self._name} at {self.url} does not answer; check that it runs and that {self._setting} is right",
                url=self.url,
            ) from error
        return self._decoded(response)

    def _decoded(self, response: requests.Response) -> Any:
        try:
            answer = response.json() if response.content else None
        except requests.JSONDecodeError as error:
            if response.ok:
                raise ProtocolViolation(
                    f"{self._name} at {self.url} answered with something else than JSON; "
                    f"check that {self._setting} is right"
                ) from error
            answer = None
        if not response.ok or response.is_redirect:
            raise error_from_problem(response.status_code, answer, service=f"{self._name} ({self.url})")
        return answer
