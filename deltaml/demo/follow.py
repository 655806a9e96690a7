"""Live progress of a job: a bar with round and MSE, where there is one, and who is waited for; plain lines without a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deltaml.demo.acceptors import Acceptors

PLAIN_INTERVAL_S = 2.0


class JobDisplay:
    """Shows the buyer's view of one job.

    Args:
        console: where to show it.
        acceptors: whose refusals explain a job that does not start.
    """

    def __init__(self, console: Console, acceptors: Acceptors) -> None:
        self._console = console
        self._acceptors = acceptors
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar: TaskID | None = None
        self._last_line = ""
        self._last_at = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        self._bar = self._progress.add_task("rounds", total=None, state="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, job: dict[str, Any]) -> None:
        """Show the job as it is now."""
        live = job["live"] or {}
        round_number = int(live.get("round", 0))
        state = self._describe(job, live)
        if self._bar is not None:
            self._progress.update(self._bar, completed=round_number, total=job["rounds"], state=state)
        now = time.monotonic()
        line = f"round {round_number}/{job['rounds']}  {state}"
        if not self._console.is_terminal and line != self._last_line and now - self._last_at >= PLAIN_INTERVAL_S:
            self._console.print(line)
            self._last_line, self._last_at = line, now

    def _describe(self, job: dict[str, Any], live: dict[str, Any]) -> str:
        parts = []
        if job["mse"] is not None:  # kinds that are paid for each answer have none
            parts.append(f"MSE {job['mse']:.6g}")
        waiting = live.get("waiting_for")
        if waiting:
            who = ", ".join(address[:8] for address in waiting["who"])
            parts.append(f"{who} {waiting['what']}".strip())
        else:
            parts.append(job["trouble"] or job["note"] or job["stage"])
        if live.get("reason"):
            parts.append(live["reason"])
        if live.get("state") == "recruiting" and self._acceptors.refusals:
            name, reason = next(iter(self._acceptors.refusals.items()))
            parts.append(f"{name} cannot accept: {reason}")
        return "; ".join(part for part in parts if part)
