"""`deltaml offer`: the jobs that one's own data owner service is offered."""

from __future__ import annotations

from typing import Any

import click

from commons.errors import InvalidInput
from commons.market.requirements import RequiredColumn
from deltaml.output import as_json, local_time, print_facts, print_json, print_table
from deltaml.service_session import OWNER_URL, ServiceSession, service_options
from deltaml.units import format_wei

_ROLES = {"trainer": 1, "validator": 2, "either": 3}
_STATUSES = (
    "WAITING",
    "READY",
    "INITIATED",
    "IN_PROGRESS",
    "FINISHED",
    "DECLINED",
    "CANCELLED",
    "EXPIRED",
    "FAILED",
    "MISSED",
)


@click.group()
def offer() -> None:
    """Offered jobs, at your own data owner service.

    Example: deltaml offer list --status READY
    """


@offer.command("list")
@service_options(OWNER_URL)
@click.option("--status", type=click.Choice(_STATUSES, case_sensitive=False), help="Only offers of this status.")
@as_json
def list_offers(service: ServiceSession, status: str | None, json_output: bool) -> None:
    """List offers, newest first, matched against your datasets.

    Example: deltaml offer list --status READY
    """
    answer = service.get("/v1/offers", {"status": status.upper()} if status else None)
    if json_output:
        print_json(answer)
        return
    rows = [
        (
            one["job_id"],
            one["title"],
            one["status_label"],
            one["role"],
            format_wei(one["deposit_wei"]),
            f"{one['owners_accepted']} of {one['min_owners']}",
            local_time(one["start_by"]),
        )
        for one in answer["offers"]
    ]
    print_table(("job", "title", "status", "role", "deposit", "owners", "accept by"), rows)
    _warn_when_stale(answer)


@offer.command("show")
@click.argument("job_id", type=int, metavar="JOB")
@service_options(OWNER_URL)
@as_json
def show(service: ServiceSession, job_id: int, json_output: bool) -> None:
    """Show an offer: what it pays, what it needs, and why a dataset matches or not.

    Example: deltaml offer show 3
    """
    shown = service.get(f"/v1/offers/{job_id}")
    if json_output:
        print_json(shown)
    else:
        _print_offer(shown)


@offer.command("accept")
@click.argument("job_id", type=int, metavar="JOB")
@service_options(OWNER_URL)
@click.option(
    "--dataset", "dataset_id", metavar="ID", help="Dataset to take part with.  [default: the first that matches]"
)
@click.option(
    "--role", type=click.Choice(sorted(_ROLES)), default="either", show_default=True, help="Role to agree to."
)
@click.option("--column", "columns", multiple=True, metavar="JOB_NAME=FILE_NAME", help="Where names differ; repeat it.")
@click.option(
    "--consent", "consents", multiple=True, metavar="CODE", help="What you agree to beside the terms; repeat it."
)
@as_json
def accept(
    *,
    service: ServiceSession,
    job_id: int,
    dataset_id: str | None,
    role: str,
    columns: tuple[str, ...],
    consents: tuple[str, ...],
    json_output: bool,
) -> None:
    """Accept JOB: its terms are compared with the chain, your rows are checked, and you sign.

    `offer show` says which consents a job asks for. One more, "again", answers about rows that were answered about before.

    Example: deltaml offer accept 3 --column bmi=body_mass_index
    """
    from deltaml.commands.dataset import resolve_dataset  # noqa: PLC0415

    body: dict[str, Any] = {"roles": _ROLES[role], "column_mapping": dict(_pair(text) for text in columns)}
    if consents:
        body["consents"] = list(consents)
    if dataset_id is not None:
        body["dataset_id"] = resolve_dataset(service, dataset_id)
    _print_answer(service.post(f"/v1/offers/{job_id}/accept", body), json_output)


@offer.command("decline")
@click.argument("job_id", type=int, metavar="JOB")
@service_options(OWNER_URL)
@as_json
def decline(service: ServiceSession, job_id: int, json_output: bool) -> None:
    """Decline JOB; it can still be accepted while it recruits.

    Example: deltaml offer decline 3
    """
    _print_answer(service.post(f"/v1/offers/{job_id}/decline"), json_output)


@offer.command("withdraw")
@click.argument("job_id", type=int, metavar="JOB")
@service_options(OWNER_URL)
@click.option("--revoke-on-chain", is_flag=True, help="Also revoke on chain, which costs gas and is final.")
@as_json
def withdraw(service: ServiceSession, job_id: int, revoke_on_chain: bool, json_output: bool) -> None:
    """Take the acceptance of JOB back before it starts.

    Example: deltaml offer withdraw 3
    """
    answer = service.post(f"/v1/offers/{job_id}/withdraw", {"revoke_on_chain": revoke_on_chain})
    _print_answer(answer, json_output)


def _pair(text: str) -> tuple[str, str]:
    name, separator, column = text.partition("=")
    if not separator or not name or not column:
        raise InvalidInput(f"--column {text!r}: expected JOB_NAME=FILE_NAME", field="column")
    return name, column


def _print_answer(answer: dict[str, Any], json_output: bool) -> None:
    if json_output:
        print_json(answer)
        return
    print_facts([("job", answer["job_id"]), ("status", answer["status_label"]), ("reason", answer["reason"])])
    acceptance = answer["acceptance"]
    if acceptance is not None and acceptance["note"]:
        click.echo(acceptance["note"])


def _print_offer(shown: dict[str, Any]) -> None:
    spec, waiting = shown["spec"], shown["waiting_for"] or {}
    print_facts(
        [
            ("job", shown["job_id"]),
            ("title", shown["title"]),
            ("kind", shown["kind"]),
            ("description", spec["description"]),
            ("status", shown["status_label"]),
            ("reason", shown["reason"]),
            ("role", shown["role"]),
            ("deposit", format_wei(shown["deposit_wei"])),
            ("shares", ", ".join(f"{who.removesuffix('_bps')}s {bps / 100:g} %" for who, bps in spec["pay"].items())),
            ("owners", f"{shown['owners_accepted']} of at least {shown['min_owners']}"),
            ("rows", f"at least {shown['min_rows']}"),
            ("consents", ", ".join(shown["consents"])),
            ("round", f"{shown['round']} of {shown['rounds']}"),
            ("accept by", local_time(shown["start_by"])),
            ("finished by", local_time(shown["finish_by"])),
            ("waiting for", waiting.get("what")),
            ("MSE", ", ".join(f"{one['mse']:.6g}" for one in shown["mse_history"] if one["mse"] is not None)),
        ]
    )
    print_table(
        ("column", "as", "least", "greatest", "unit", "levels"),
        [
            (one.name, one.role, _number(one.minimum), _number(one.maximum), one.unit, ", ".join(one.levels))
            for one in _required_columns(spec)
        ],
    )
    print_table(("who", "learns"), [(one["party"].replace("_", " "), one["text"]) for one in shown["learns"]])
    for match in shown["datasets"]:
        click.echo(f"{match['name']}: {'matches' if match['matches'] else 'does not match'}")
        for remark in (*match["mismatches"], *match["remarks"]):
            click.echo(f"  {remark['reason']}")
    _warn_when_stale(shown)


def _required_columns(spec: dict[str, Any]) -> tuple[RequiredColumn, ...]:
    """The columns that a job asks for; none if its kind is not known to this command."""
    from commons.computations.registry import BY_KIND, JobSpec, computation_of  # noqa: PLC0415 - heavy, and only needed here

    if spec["computation"]["kind"] not in BY_KIND:
        return ()
    known = JobSpec.model_validate(spec)
    return computation_of(known).requirements(known.computation).columns


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"


def _warn_when_stale(answer: dict[str, Any]) -> None:
    if answer["stale_reason"]:
        click.echo(f"as last seen: {answer['stale_reason']}", err=True)
