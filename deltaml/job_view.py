"""How a job and its result are shown in a terminal: facts, tables, and a live progress bar."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from commons.errors import InvalidInput
from deltaml.output import local_time, print_facts, print_table
from deltaml.units import format_wei

ENDED = frozenset({"finished", "cancelled", "expired", "failed"})
_POLL_S = 0.5


def print_job(job: dict[str, Any]) -> None:
    """Print everything there is to show of a job."""
    live = job["live"] or {}
    print_facts(
        [
            ("id", job["id"]),
            ("number on chain", job["job_id"]),
            ("title", job["title"]),
            ("kind", job["kind"]),
            ("stage", job["stage"]),
            ("state", live.get("state")),
            ("round", f"{live['round']} of {job['rounds']}" if live else None),
            ("waiting for", waiting_for(job)),
            ("reason", live.get("reason")),
            ("MSE", describe_mse(job)),
            ("deposit", format_wei(job["deposit_wei"])),
            ("paid", format_wei(job["settlement"]["paid_wei"]) if job["settlement"] else None),
            ("refunded", format_wei(job["settlement"]["refunded_wei"]) if job["settlement"] else None),
            ("delivery", job["delivery_check"] if job["stage"] == "finished" else None),
            ("not available", "; ".join(job["unavailable"])),
        ]
    )
    if job["participants"]:
        _print_participants(job)
    if job["checkpoints"]:
        print_table(
            ("checkpoint", "round", "MSE"),
            [(one["index"], one["round"], f"{one['mse']:.6g}") for one in job["checkpoints"]],
        )
    click.echo()
    for one in job["timeline"]:
        click.echo(
            f"{local_time(one['at'])}  {one['event']}" + (f"\n{'':21}{one['tx_hash']}" if one["tx_hash"] else "")
        )


def print_result(kind: str, document: Any) -> None:
    """Print what a job was for, a line each; raises InvalidInput for a kind that this installation does not know."""
    from commons.computations.registry import BY_KIND  # noqa: PLC0415 - a second or two that only this command needs

    if kind not in BY_KIND:
        raise InvalidInput(
            f"this installation does not know the computation {kind!r}; --json prints its result", field="kind"
        )
    print_facts(BY_KIND[kind].read_outcome(json.dumps(document)).facts())


def _print_participants(job: dict[str, Any]) -> None:
    if job["pay_rule"] == "per_answer":
        # Roles and contributions are then only how the contract is told to pay all alike.
        print_table(
            ("owner", "pay so far"), [(one["address"], format_wei(one["pay_wei"])) for one in job["participants"]]
        )
        return
    rows = [
        (one["address"], one["role"], _percent(one["share"]), format_wei(one["pay_wei"])) for one in job["participants"]
    ]
    print_table(("owner", "role", "contribution", "pay so far"), rows)


def describe_mse(job: dict[str, Any]) -> str | None:
    """Return first and latest MSE, None before the first checkpoint."""
    checkpoints = job["checkpoints"]
    if not checkpoints:
        return None
    first, latest = checkpoints[0]["mse"], checkpoints[-1]["mse"]
    return f"{latest:.6g}" if len(checkpoints) == 1 else f"{latest:.6g} (at the start {first:.6g})"


def waiting_for(job: dict[str, Any]) -> str:
    """Return who or what is waited for, empty when nothing is."""
    live = job["live"] or {}
    waiting = live.get("waiting_for")
    if job["stage"] == "offered" and waiting:
        who = ", ".join(f"{address[:8]}…" for address in waiting.get("who", []))
        until = local_time(waiting["until"]) if waiting.get("until") else ""
        return " ".join(part for part in (waiting.get("what", ""), who, f"until {until}" if until else "") if part)
    return "; ".join(text for text in (job["note"], job["trouble"]) if text)


def follow(fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Show a live bar until the job has ended, and return its last state; one line a change without a terminal.

    Args:
        fetch: reads the job.
    """
    return _follow_bar(fetch) if sys.stderr.isatty() else _follow_lines(fetch)


def _follow_bar(fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from rich.console import Console  # noqa: PLC0415 - only commands that follow a job pay for rich
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    job = fetch()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[status]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as progress:
        bar = progress.add_task("rounds", total=job["rounds"], status="")
        while True:
            progress.update(bar, completed=_round(job), status=_status(job))
            if job["stage"] in ENDED:
                return job
            time.sleep(_POLL_S)
            job = fetch()


def _follow_lines(fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    shown = ""
    while True:
        job = fetch()
        line = f"round {_round(job)} of {job['rounds']}  {_status(job)}"
        if line != shown:
            click.echo(line, err=True)
            shown = line
        if job["stage"] in ENDED:
            return job
        time.sleep(_POLL_S)


def _round(job: dict[str, Any]) -> int:
    # An early stop ends before the last round; the bar then stays where training did.
    return int((job["live"] or {}).get("round") or 0)


def _status(job: dict[str, Any]) -> str:
    live = job["live"] or {}
    state = job["stage"] if job["stage"] != "offered" else str(live.get("state", "offered"))
    step = live.get("step")
    parts = [state + (f", {step.rpartition('/')[2]}" if step and state == "running" else "")]
    if (mse := describe_mse(job)) is not None:
        parts.append(f"MSE {mse}")
    if waiting := waiting_for(job):
        parts.append(f"waiting for {waiting}" if job["stage"] == "offered" else waiting)
    return " · ".join(parts)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
