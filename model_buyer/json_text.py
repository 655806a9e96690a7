"""A column type for values of one type that are kept as JSON text."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

_BYTES_IN_HEX = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")


class JsonText(TypeDecorator[Any]):
    """Values of one type, as JSON text; bytes in them are written in hexadecimal.

    Values are replaced and never changed in place, which would not be noticed.

    Args:
        kind: what pydantic can read and write: a model, a dataclass, `dict[str, Any]`, an integer of any size.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        # Pydantic takes no configuration for a dataclass itself, but for what it is in.
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind | None, config=_BYTES_IN_HEX)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface has it
        """Return the text; None stays null."""
        return None if value is None else self._adapter.dump_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the value."""
        return None if value is None else self._adapter.validate_json(value)
