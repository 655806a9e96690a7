"""Reading a service's configuration once, from command-line options and the environment, with all errors together.

An option given on the command line wins over `DELTAML_<NAME>` in the environment, and that over the default.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from commons.errors import InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")
PREFIX = "DELTAML_"
DEFAULT_UI_DIR = Path(__file__).parents[2] / "ui" / "dist"
"""Where `make ui` leaves the pages."""


class ConfigurationReader:
    """Collects settings and what is wrong with them; `finish` raises once for all.

    Args:
        options: what was given on the command line, None where nothing was.
        environment: usually `os.environ`.
    """

    def __init__(self, options: Mapping[str, object], environment: Mapping[str, str] | None = None) -> None:
        self._options = options
        self._environment = os.environ if environment is None else environment
        self._errors: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """A setting as it stands; without a default it must be given."""
        return self._read(name, default, lambda raw: raw, "")

    def optional(self, name: str) -> str | None:
        """A setting that may be missing."""
        return self._raw(name)

    def integer(self, name: str, default: int | None = None, *, minimum: int = 0, maximum: int = 2**63) -> int:
        """A whole number between minimum and maximum."""

        def parse(raw: str) -> int:
            value = int(raw)
            if not minimum <= value <= maximum:
                raise ValueError
            return value

        return self._read(name, default, parse, f"expected a whole number from {minimum} to {maximum}", empty=0)

    def number(self, name: str, default: float | None = None) -> float:
        """A positive number."""

        def parse(raw: str) -> float:
            value = float(raw)
            if not 0 < value < float("inf"):
                raise ValueError
            return value

        return self._read(name, default, parse, "expected a positive number", empty=0.0)

    def flag(self, name: str) -> bool:
        """A switch, off unless it is given as 1, true, yes or on."""
        accepted = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        return self._read(name, "false", lambda raw: accepted[raw.lower()], "expected true or false", empty=False)

    def path(self, name: str, default: Path | None = None) -> Path:
        """A path; `~` is the home directory."""
        return self._read(name, default, lambda raw: Path(raw).expanduser(), "", empty=Path())

    def folders(self, name: str) -> tuple[Path, ...]:
        """Folders, separated as in PATH, each of which must be there; none when nothing is given."""

        def parse(raw: str) -> tuple[Path, ...]:
            found = tuple(Path(part).expanduser().absolute() for part in raw.split(os.pathsep) if part)
            if not all(folder.is_dir() for folder in found):
                raise ValueError
            return found

        expected = f"expected folders that exist, separated by {os.pathsep!r}"
        return self._read(name, (), parse, expected, empty=())

    def url(self, name: str, default: str | None = None) -> str:
        """An http or https URL."""

        def parse(raw: str) -> str:
            parts = urlsplit(raw)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError
            return raw.rstrip("/")

        return self._read(name, default, parse, "expected a URL like http://127.0.0.1:8545")

    def networks(self, name: str) -> tuple[Network, ...]:
        """Addresses and networks, with commas between them; none unless they are given."""
        expected = "expected addresses or networks like 10.0.0.5,192.168.0.0/16"
        return self._read(name, "", lambda raw: tuple(map(_network, filter(None, raw.split(",")))), expected, empty=())

    def secret(self, name: str) -> str | None:
        """A secret from `<name>_file` (its first line) or from the environment; never from the command line."""
        file = self._raw(f"{name}_file")
        if file is None:
            return self._environment.get(PREFIX + name.upper())
        try:
            return Path(file).expanduser().read_text().splitlines()[0]
        except (OSError, IndexError):
            self._errors.append(f"{name}_file: {file} cannot be read or is empty; expected a file with the secret")
            return None

    def require(self, name: str, value: object) -> None:
        """Note that a setting is missing."""
        if value is None:
            self._errors.append(f"{name}: missing; set {PREFIX}{name.upper()} or {PREFIX}{name.upper()}_FILE")

    def reject(self, name: str, problem: str) -> None:
        """Note what is wrong with a setting."""
        self._errors.append(f"{name}: {problem}")

    def finish(self) -> None:
        """Raise `InvalidInput` with all errors, if there are any."""
        if self._errors:
            raise InvalidInput("configuration: " + "; ".join(self._errors), errors=list(self._errors))

    def _raw(self, name: str) -> str | None:
        given = self._options.get(name)
        if given is not None and given is not False:
            return str(given)
        return self._environment.get(PREFIX + name.upper()) or None

    def _read(self, name: str, default: object, parse: Callable[[str], T], expected: str, *, empty: object = "") -> T:
        raw = self._raw(name)
        if raw is None:
            if default is None:
                option = name.replace("_", "-")
                self._errors.append(f"{name}: missing; give --{option} or set {PREFIX}{name.upper()}")
                return empty  # type: ignore[return-value]
            return default if not isinstance(default, str) else parse(default)  # type: ignore[return-value]
        try:
            return parse(raw)
        except (ValueError, KeyError):
            self._errors.append(f"{name}: {raw!r} is not valid; {expected}")
            return empty  # type: ignore[return-value]


def _network(text: str) -> Network:
    return ipaddress.ip_network(text.strip())
