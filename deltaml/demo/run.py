"""The demo from start to end: what a person sees while it runs, and what is left when it ends."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from commons.errors import Conflict, InvalidInput, TransactionFailed
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.follow import JobDisplay
from deltaml.demo.hints import say_how_to_go_on
from deltaml.demo.kinds import DemoJob, KindOptions
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import bring_datasets, job_request, run_job
from deltaml.demo.settlement import everybody_paid
from deltaml.demo.summary import show, summarise
from deltaml.demo.world import World, running_world


def run_demo(options: DemoOptions, asked: KindOptions) -> None:
    """Run a demo.

    Args:
        options: of every demo.
        asked: what is to be computed, about which data.

    Raises:
        Conflict, TransactionFailed: the job did not finish, somebody was not paid, or the result is not what it should be.
        DeltaMLError: options, data or environment are not as they must be.
    """
    console = Console(stderr=True, highlight=False)
    started = time.monotonic()
    asked.require_owners(options.owners)
    job = asked.read()
    parts = job.deal(options.seed, options.owners)
    request = job_request(options, job)
    _stop_on_sigterm()
    with _folder(options) as folder:
        for remark in job.remarks:
            console.print(escape(remark))
        console.print(f"Starting chain, contract, aggregator, buyer and {options.owners} owners …")
        with running_world(options, folder) as world:
            bring_datasets(world, job, parts, folder)
            setup_s = time.monotonic() - started
            console.print(f"Everything runs ({setup_s:.1f} s); {job.row_count} rows dealt. Posting the job …")
            with Acceptors(world) as acceptors:
                with JobDisplay(console, acceptors) as display:
                    finished = run_job(world, request, display.update, acceptors)
                total_s = time.monotonic() - started
                summary = summarise(options, world, job, parts, finished, setup_s=setup_s, total_s=total_s)
                _report(console, options, job, summary)
                _require_success(world, job, summary)
                if not options.headless:
                    try:
                        say_how_to_go_on(console, world, job, request, summary["job_id"])
                        _stay_up(world)
                    except KeyboardInterrupt:
                        console.print("\nStopping …")


def _report(console: Console, options: DemoOptions, job: DemoJob, summary: dict[str, Any]) -> None:
    show(console, job, summary)
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
        sys.stdout.flush()


def _require_success(world: World, job: DemoJob, summary: dict[str, Any]) -> None:
    if summary["state"] != "finished":
        raise Conflict(f"the job ended as {summary['state']}")
    if not everybody_paid(summary, world):
        raise TransactionFailed("the contract does not owe everybody what the job paid")
    if (fault := job.fault(summary)) is not None:
        raise Conflict(fault)


def _stay_up(world: World) -> None:
    """Return only by an error or Ctrl-C."""
    while True:
        time.sleep(1)
        world.services.require_alive()


@contextmanager
def _folder(options: DemoOptions) -> Iterator[Path]:
    if options.keep is None:
        with tempfile.TemporaryDirectory(prefix="deltaml-demo-") as name:
            yield Path(name)
        return
    if options.keep.exists() and any(options.keep.iterdir()):
        raise InvalidInput(f"--keep {options.keep}: the folder is not empty; give a new one", field="keep")
    options.keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield options.keep.absolute()


def _stop_on_sigterm() -> None:
    """SIGTERM ends the demo as Ctrl-C does: everything that it started is stopped."""

    def interrupt(*_: object) -> None:
        # Once is enough: a second one must not interrupt the cleaning up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
