"""Tables and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click


def as_json(function: Any) -> Any:
    """Add `--json`; the command gets it as `json_output`."""
    return click.option("--json", "json_output", is_flag=True, help="Print JSON for machines.")(function)


def print_json(document: Any) -> None:
    """Print a document as indented JSON."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under column names; where a terminal is too narrow, cells wrap and none is cut."""
    from rich import box  # noqa: PLC0415 - only commands that print tables pay for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    Console(soft_wrap=False).print(table)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; values that are None are left out."""
    shown = [(name, value) for name, value in facts if value is not None and value != ""]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def local_time(unix_s: float | None) -> str:
    """Return a Unix time as local date and time."""
    return "–" if unix_s is None else datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(cell: object) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return "–" if cell is None else escape(str(cell))
