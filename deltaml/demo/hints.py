"""How to go on when the demo stays up: addresses and passwords, and commands for a second job."""

from __future__ import annotations

import json
import shlex
from typing import Any

from rich.console import Console

from deltaml.demo.csv_files import write_csv
from deltaml.demo.kinds import DemoJob
from deltaml.demo.world import Login, World


def say_how_to_go_on(console: Console, world: World, job: DemoJob, request: dict[str, Any], job_id: int) -> None:
    """Print what a person can do now.

    Args:
        console: where to.
        world: what runs.
        job: that was computed.
        request: with which it was posted.
        job_id: its number on chain.
    """
    buyer, owner = world.buyer.login, world.owners[0].login
    console.print("\n[bold]Everything stays up until Ctrl-C. Open the pages in a browser:[/bold]")
    console.print(f"  public board   {world.aggregator_url}   (no sign-in)", soft_wrap=True)
    _print_login(console, "model buyer", buyer)
    for number, member in enumerate(world.owners):
        _print_login(console, f"data owner {number}", member.login)
    sample = buyer.profile.parent / "sample.csv"
    write_csv(sample, *job.sample())
    console.print(
        "\nPost a second job as the model buyer and watch it; the owners accept what matches their data, and agree to what is "
        "asked of them beside the terms."
    )
    console.print(f"  The wizard reads columns and ranges that match from {sample}", soft_wrap=True)
    console.print("Or in another terminal:")
    spec_file = buyer.profile.parent / "second-job.json"
    spec_file.write_text(json.dumps({**request, "title": "The same once more"}, indent=2))
    of_buyer, of_owner = ["--profile", str(buyer.profile)], ["--profile", str(owner.profile)]
    for command in (
        ["job", "post", *of_buyer, "--spec", str(spec_file), "--follow"],
        ["job", "list", *of_buyer],
        ["job", "result", str(job_id + 1), *of_buyer],
        ["earnings", *of_owner],
    ):
        console.print("  " + shlex.join(["deltaml", *command]), soft_wrap=True)


def _print_login(console: Console, role: str, login: Login) -> None:
    console.print(f"  {role:<14} {login.url}   user {login.user}   password {login.password}", soft_wrap=True)
