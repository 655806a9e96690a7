"""`deltaml earnings` and `deltaml withdraw`."""

from __future__ import annotations

import click

from deltaml.output import as_json, print_json, print_table
from deltaml.service_session import OWNER_URL, ServiceSession, service_options
from deltaml.units import format_wei


@click.command()
@service_options(OWNER_URL)
@as_json
def earnings(service: ServiceSession, json_output: bool) -> None:
    """Show what your data owner service earned, by job, and what it can withdraw.

    Example: deltaml earnings
    """
    answer = service.get("/v1/earnings")
    if json_output:
        print_json(answer)
        return
    rows = [
        (
            one["job_id"],
            one["title"],
            one["role"],
            one["state"],
            None if one["contribution_share"] is None else f"{one['contribution_share']:.1%}",
            format_wei(one["pay_wei"]),
            "yes" if one["settled"] else "so far",
        )
        for one in answer["jobs"]
    ]
    print_table(("job", "title", "role", "state", "contribution", "pay", "final"), rows)
    click.echo(f"can be withdrawn: {format_wei(answer['owed_wei'])}")
    if answer["unavailable_reason"]:
        click.echo(answer["unavailable_reason"], err=True)


@click.command()
@service_options(OWNER_URL)
@click.option("--to", metavar="ADDRESS", help="Send it there.  [default: the service's own account]")
@as_json
def withdraw(service: ServiceSession, to: str | None, json_output: bool) -> None:
    """Withdraw everything that the contract owes to the service's account: an owner's pay, a buyer's refunds.

    Example: deltaml withdraw --url http://127.0.0.1:8200
    """
    sent = service.post("/v1/withdrawals", {"to": to} if to is not None else {})
    if json_output:
        print_json(sent)
    else:
        click.echo(f"{sent['description']}: {sent['state']}")
