"""The demo from start to end: what a person sees while it runs, and what is left when it ends."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from commons.errors import Conflict, InvalidInput, TransactionFailed
from deltaml.demo.dataset import diabetes, read_dataset
from deltaml.demo.follow import JobDisplay
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import Hands, bring_datasets, job_request, run_job
from deltaml.demo.summary import everybody_paid, show, summarise
from deltaml.demo.world import Login, World, running_world


def run_demo(options: DemoOptions) -> None:
    """Run a demo.

    Raises:
        Conflict, TransactionFailed: the job did not finish, or somebody was not paid.
        DeltaMLError: options, data or environment are not as they must be.
    """
    console = Console(stderr=True, highlight=False)
    started = time.monotonic()
    dataset = read_dataset(options.data, options.target or "") if options.data else diabetes()
    parts = dataset.deal(options.seed, options.owners)
    request = job_request(options, dataset)
    _stop_on_sigterm()
    with _folder(options) as folder:
        console.print(f"Starting chain, contract, aggregator, buyer and {options.owners} owners …")
        with running_world(options, folder) as world:
            bring_datasets(world, dataset, parts, folder)
            setup_s = time.monotonic() - started
            console.print(f"Everything runs ({setup_s:.1f} s); {len(dataset.y)} rows dealt. Posting the job …")
            with Hands(world) as hands:
                with JobDisplay(console, hands) as display:
                    outcome = run_job(world, request, display.update, hands)
                total_s = time.monotonic() - started
                summary = summarise(options, world, parts, outcome, setup_s=setup_s, total_s=total_s)
                _report(console, options, summary)
                if not everybody_paid(summary, world):
                    raise TransactionFailed("the contract does not owe everybody what the job paid")
                if not options.headless:
                    try:
                        _say_how_to_go_on(console, world, request)
                        _stay_up(world)
                    except KeyboardInterrupt:
                        console.print("\nStopping …")


def _report(console: Console, options: DemoOptions, summary: dict[str, Any]) -> None:
    show(console, summary)
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
        sys.stdout.flush()
    if summary["state"] != "finished":
        raise Conflict(f"the job ended as {summary['state']}")


def _stay_up(world: World) -> None:
    """Return only by an error or Ctrl-C."""
    while True:
        time.sleep(1)
        world.services.require_alive()


def _say_how_to_go_on(console: Console, world: World, request: dict[str, Any]) -> None:
    buyer, owner = world.buyer.login, world.owners[0].login
    console.print("\n[bold]Everything stays up until Ctrl-C. Open the pages in a browser:[/bold]")
    console.print(f"  public board   {world.aggregator_url}   (no sign-in)", soft_wrap=True)
    _print_login(console, "model buyer", buyer)
    for number, member in enumerate(world.owners):
        _print_login(console, f"data owner {number}", member.login)
    sample = _write_sample(buyer.profile.parent / "sample.csv", request)
    console.print(
        "\nPost a second job as the model buyer and watch it train; the owners accept what matches their data."
    )
    console.print(f"  The wizard reads columns and ranges that match from {sample}", soft_wrap=True)
    console.print("Or in another terminal:")
    spec_file = buyer.profile.parent / "second-job.json"
    spec_file.write_text(json.dumps({**request, "title": "The same once more"}, indent=2))
    post = ["deltaml", "job", "post", "--profile", str(buyer.profile), "--spec", str(spec_file), "--follow"]
    console.print("  " + shlex.join(post), soft_wrap=True)
    console.print("  " + shlex.join(["deltaml", "job", "list", "--profile", str(buyer.profile)]), soft_wrap=True)
    console.print("  " + shlex.join(["deltaml", "earnings", "--profile", str(owner.profile)]), soft_wrap=True)


def _print_login(console: Console, role: str, login: Login) -> None:
    console.print(f"  {role:<14} {login.url}   user {login.user}   password {login.password}", soft_wrap=True)


def _write_sample(path: Path, request: dict[str, Any]) -> Path:
    """A CSV with the columns of a job, whose two rows are the ends of their ranges."""
    columns = [*request["features"], request["target"]]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column["name"] for column in columns)
        writer.writerows([column[end] for column in columns] for end in ("minimum", "maximum"))
    return path


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
