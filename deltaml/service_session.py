"""Talking to one's own service from the command line: where it is, who signs in, and one signed-in session."""

from __future__ import annotations

import functools
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commons.errors import ChainUnavailable, DeltaMLError, InvalidInput, NotFound, ServiceUnavailable

if TYPE_CHECKING:
    from commons.agent.http_service import HttpService

BUYER_URL = "http://127.0.0.1:8200"
OWNER_URL = "http://127.0.0.1:8300"
_PASSWORD = "DELTAML_PASSWORD"  # noqa: S105 - the name of a variable
_PROFILE_MEMBERS = frozenset({"url", "user", "password"})


class ServiceSession:
    """A signed-in session with a buyer's or owner's service; `open_session` makes one."""

    def __init__(self, service: HttpService, token: str) -> None:
        self._service = service
        self._token = token

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Read; raises the error that the service answers with."""
        return self._service.call("GET", path, query=query, token=self._token)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask for something to be done."""
        return self._service.call("POST", path, body=body or {}, token=self._token)

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Any:
        """Send a file with some fields; raises NotFound or InvalidInput when it cannot be read."""
        from commons.agent.upload import FileUpload  # noqa: PLC0415 - only needed here

        if not file.is_file():
            raise NotFound(f"{file}: there is no such file; check the path", file=str(file))
        if not os.access(file, os.R_OK):
            raise InvalidInput(f"{file}: cannot be read (Permission denied)", file=str(file))
        return self._service.upload(path, FileUpload(file, fields), token=self._token)

    def post_once(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask for something that must not be done twice; when no answer comes, asks once more under the same key."""
        call = functools.partial(
            self._service.call, "POST", path, body=body, token=self._token, idempotency_key=str(uuid.uuid4())
        )
        try:
            return call()
        except ChainUnavailable:
            raise
        except ServiceUnavailable:
            return call()

    def delete(self, path: str) -> Any:
        """Remove."""
        return self._service.call("DELETE", path, token=self._token)


def service_options(default_url: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that say which service is meant; the command gets an open `ServiceSession` as `service`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "--profile",
            type=click.Path(path_type=Path),
            envvar="DELTAML_PROFILE",
            show_envvar=True,
            help='JSON file {"url": …, "user": …, "password": …} of your service.',
        )
        @click.option(
            "--url", envvar="DELTAML_URL", show_envvar=True, help=f"URL of your service.  [default: {default_url}]"
        )
        @click.option("--user", envvar="DELTAML_USER", show_envvar=True, help="User name.  [default: admin]")
        @functools.wraps(command)
        def wrapped(*args: Any, profile: Path | None, url: str | None, user: str | None, **options: Any) -> Any:
            settings = _read_profile(profile) if profile is not None else {}
            with open_session(
                url or settings.get("url", default_url),
                user or settings.get("user", "admin"),
                settings.get("password"),
            ) as service:
                return command(*args, service=service, **options)

        return wrapped

    return decorate


@contextmanager
def open_session(url: str, user: str, password: str | None) -> Iterator[ServiceSession]:
    """Sign in, and sign out at the end of the block.

    Args:
        url: of the service.
        user: name of the user.
        password: when None, taken from DELTAML_PASSWORD, or asked for.

    Raises:
        ServiceUnavailable: nothing answers at the URL.
        NotAuthenticated: wrong user name or password.
    """
    from commons.agent.http_service import HttpService  # noqa: PLC0415 - a tenth of a second that --help need not pay

    service = HttpService(url, name="the service", setting="--url")
    given = (
        password or os.environ.get(_PASSWORD) or click.prompt(f"Password of {user} at {url}", hide_input=True, err=True)
    )
    token = str(service.call("POST", "/v1/session", body={"user": user, "password": given})["token"])
    try:
        yield ServiceSession(service, token)
    finally:
        # A session that cannot be ended runs out by itself.
        with suppress(DeltaMLError):
            service.call("DELETE", "/v1/session", token=token)


def read_json_object(path: Path, *, what: str) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read or holds no JSON object; `what` says what it should be.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except FileNotFoundError as error:
        raise NotFound(f"{path}: there is no such file; expected {what}", file=str(path)) from error
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); expected {what}", file=str(path)) from error
    except ValueError as error:
        raise InvalidInput(f"{path}: not valid JSON ({error}); expected {what}", file=str(path)) from error
    if not isinstance(document, dict):
        raise InvalidInput(f"{path}: expected {what}, a JSON object", file=str(path))
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _read_profile(path: Path) -> dict[str, str]:
    profile = read_json_object(path, what="a profile with url, user and password")
    for member, value in profile.items():
        if member not in _PROFILE_MEMBERS or not isinstance(value, str):
            raise InvalidInput(
                f"{path}: unexpected {member!r}; a profile has url, user and password, all of them text",
                field=member,
            )
    return profile
