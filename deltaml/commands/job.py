"""`deltaml job`: posting and following jobs and using their results, at one's own model buyer service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from commons.errors import Conflict, InvalidInput, NotFound
from deltaml.output import as_json, local_time, print_facts, print_json, print_table
from deltaml.service_session import BUYER_URL, ServiceSession, service_options
from deltaml.units import DurationType, WeiType, format_wei

_OF_COMPUTATION = (
    "scaling",
    "averaging",
    "rounds",
    "local_steps",
    "learning_rate",
    "evaluate_every",
    "early_stop",
)
_OF_COLUMNS = ("features", "target", "numbers", "categories", "correlation", "bins", "from_csv")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def job() -> None:
    """Jobs, at your own model buyer service.

    Example: deltaml job post --spec job.json --follow
    """


@job.command("post")
@service_options(BUYER_URL)
@click.option("--spec", type=_FILE, help="JSON file with the job's fields; options overrule it.")
@click.option(
    "--kind",
    type=click.Choice(["linear_regression", "statistics"]),
    help="What is computed; a file can ask for other kinds.  [default: linear_regression]",
)
@click.option("--from-csv", type=_FILE, help="Read names, ranges and levels from this local file; no row leaves it.")
@click.option("--title", help="What owners read first.")
@click.option("--description", help="What the result is for.")
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="NAME:MIN:MAX[:UNIT]",
    help="A feature; repeat it. With --from-csv just NAME.",
)
@click.option("--target", metavar="NAME:MIN:MAX[:UNIT]", help="What is predicted. With --from-csv just NAME.")
@click.option(
    "--columns",
    multiple=True,
    metavar="NAME,NAME…",
    help="Statistics: columns of the file.  [default: all that can be described]",
)
@click.option(
    "--column",
    "numbers",
    multiple=True,
    metavar="NAME:MIN:MAX[:UNIT]",
    help="Statistics: a column of numbers; repeat it.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="NAME:LEVEL,LEVEL…",
    help="Statistics: a column of texts; repeat it.",
)
@click.option("--correlation", is_flag=True, help="Statistics: with correlations, to which each owner must agree.")
@click.option("--bins", type=int, help="Statistics: bins of the histograms.  [default: 10]")
@click.option(
    "--scaling",
    type=click.Choice(["range", "none"]),
    help="Map declared ranges onto [-1, 1], or not.  [default: range]",
)
@click.option(
    "--averaging", type=click.Choice(["rows", "uniform"]), help="Weigh owners by rows, or alike.  [default: rows]"
)
@click.option("--rounds", type=int, help="Training rounds.  [default: 100]")
@click.option("--local-steps", type=int, help="Gradient steps of an owner in a round.  [default: 1]")
@click.option("--learning-rate", type=float, help="Step size.  [default with range: 1 / number of weights]")
@click.option("--evaluate-every", type=int, help="Rounds between two checkpoints.  [default: 10]")
@click.option("--early-stop", type=float, metavar="FRACTION", help="Stop when the MSE falls by less than this.")
@click.option("--patience", type=int, help="Checkpoints that --early-stop looks at.  [default: 2]")
@click.option(
    "--min-owners", type=int, help="Least number of owners; statistics: their number, at least 3.  [default: 2]"
)
@click.option("--min-rows", type=int, help="Least rows of an owner.  [default: 1]")
@click.option("--deposit", "deposit_wei", type=WeiType(), help="Escrowed amount: 1000000 (wei), 20gwei, 0.5ether.")
@click.option("--trainer-bps", type=int, help="Trainers' share in basis points.  [default: the kind's]")
@click.option("--validator-bps", type=int, help="Validators' share in basis points.  [default: the kind's]")
@click.option("--aggregator-bps", type=int, help="Aggregator's share in basis points.  [default: the kind's]")
@click.option(
    "--start-within",
    "start_within_s",
    type=DurationType(),
    help="Owners have so long to accept: 90, 30m, 12h, 2d.  [default: 1d]",
)
@click.option(
    "--finish-within",
    "finish_within_s",
    type=DurationType(),
    help="Everything is over by then, from now.  [default: 1d after the start]",
)
@click.option(
    "--round-timeout", "task_timeout_s", type=DurationType(), help="A round waits so long for owners.  [default: 2m]"
)
@click.option("--role-seed", type=int, help="Seed of the draw of roles.  [default: drawn]")
@click.option("--key-bits", type=int, help="Size of the Paillier key.  [default: the service's]")
@click.option("--follow", is_flag=True, help="Show progress until the job has ended.")
@as_json
def post(
    *,
    service: ServiceSession,
    spec: Path | None,
    kind: str | None,
    follow: bool,
    json_output: bool,
    **options: Any,
) -> int:
    """Post a job and escrow its deposit.

    Example: deltaml job post --title Diabetes --from-csv sample.csv --target progression --deposit 0.1ether --follow
    """
    from deltaml.job_spec import ColumnOptions, build_request  # noqa: PLC0415

    listed = [name.strip() for names in options.pop("columns") for name in names.split(",")]
    columns = ColumnOptions(columns=listed, **{name: options.pop(name) for name in _OF_COLUMNS})

    _nest(options, "pay", ("trainer_bps", "validator_bps", "aggregator_bps"))
    options["minimum_improvement"] = options.pop("early_stop")
    _nest(options, "early_stop", ("minimum_improvement", "patience"))
    _nest(options, "computation", _OF_COMPUTATION)
    request = build_request(spec, options, columns, kind=kind)
    posted = service.post_once("/v1/jobs", request)
    if follow:
        click.echo(f"posted as {posted['id']}", err=True)
        return _follow(service, posted["id"], json_output)
    if json_output:
        print_json(posted)
    else:
        print_facts([("id", posted["id"]), ("stage", posted["stage"]), ("deposit", format_wei(posted["deposit_wei"]))])
        click.echo(f"follow it with: deltaml job show {posted['id'][:8]} --follow")
    return 0


@job.command("list")
@service_options(BUYER_URL)
@as_json
def list_jobs(service: ServiceSession, json_output: bool) -> None:
    """List your jobs, newest first.

    Example: deltaml job list
    """
    answer = service.get("/v1/jobs")
    if json_output:
        print_json(answer)
        return
    rows = [
        (
            one["id"][:8],
            one["job_id"],
            one["title"],
            one["kind"].replace("_", " "),
            one["stage"],
            None if one["mse"] is None else f"{one['mse']:.6g}",
            format_wei(one["deposit_wei"]),
            local_time(one["created_at"])[:10],
        )
        for one in answer["jobs"]
    ]
    print_table(("id", "#", "title", "kind", "stage", "MSE", "deposit", "posted"), rows)


@job.command("show")
@click.argument("job_id", metavar="ID")
@service_options(BUYER_URL)
@click.option("--follow", is_flag=True, help="Show progress until the job has ended.")
@as_json
def show(service: ServiceSession, job_id: str, follow: bool, json_output: bool) -> int:
    """Show a job: round, error, who is waited for, pay so far. ID is its id, the beginning of it, or its number on chain.

    Example: deltaml job show 3 --follow
    """
    from deltaml.job_view import print_job  # noqa: PLC0415

    full_id = resolve_job(service, job_id)
    if follow:
        return _follow(service, full_id, json_output)
    shown = service.get(f"/v1/jobs/{full_id}")
    if json_output:
        print_json(shown)
    else:
        print_job(shown)
    return 0


@job.command("cancel")
@click.argument("job_id", metavar="ID")
@service_options(BUYER_URL)
@as_json
def cancel(service: ServiceSession, job_id: str, json_output: bool) -> None:
    """Call a job off before it starts; its deposit can then be withdrawn.

    Example: deltaml job cancel 3
    """
    cancelled = service.post(f"/v1/jobs/{resolve_job(service, job_id)}/cancel")
    if json_output:
        print_json(cancelled)
    else:
        click.echo(f"cancellation asked for; stage: {cancelled['stage']}")


@job.command("result")
@click.argument("job_id", metavar="ID")
@service_options(BUYER_URL)
@click.option("--output", type=_FILE, help="Write the document to this file.")
@as_json
def result(service: ServiceSession, job_id: str, output: Path | None, json_output: bool) -> None:
    """Show what a job was for, whatever was computed. There is something once everybody is paid.

    Example: deltaml job result 3 --json
    """
    found = find_job(service, job_id)
    document = service.get(f"/v1/jobs/{found['id']}/result")
    if output is not None:
        _write(document, output)
    elif json_output:
        print_json(document)
    else:
        from deltaml.job_view import print_result  # noqa: PLC0415

        print_result(found["kind"], document)


@job.command("model")
@click.argument("job_id", metavar="ID")
@service_options(BUYER_URL)
@click.option("--output", type=_FILE, help="Write to this file instead of standard output.")
@click.option("--sklearn", is_flag=True, help="Write the attributes of a fitted sklearn LinearRegression.")
def model(service: ServiceSession, job_id: str, output: Path | None, sklearn: bool) -> None:
    """Get the trained model as JSON, in original units. There is one once everybody is paid.

    Example: deltaml job model 3 --output model.json
    """
    path = f"/v1/jobs/{resolve_job(service, job_id)}/model"
    document = service.get(path + "/sklearn-params" if sklearn else path)
    if output is None:
        print_json(document)
    else:
        _write(document, output)


@job.command("predict")
@click.argument("job_id", metavar="ID")
@service_options(BUYER_URL)
@click.option("--csv", "csv_file", type=_FILE, help="Rows with a header that names the features.")
@click.option(
    "--value", "values", multiple=True, metavar="FEATURE=NUMBER", help="One feature of a single row; repeat it."
)
@as_json
def predict(
    service: ServiceSession, job_id: str, csv_file: Path | None, values: tuple[str, ...], json_output: bool
) -> None:
    """Predict with a trained model, for the rows of a CSV file or for one row given as options.

    Example: deltaml job predict 3 --value age=0.04 --value bmi=0.06
    """
    from deltaml.prediction_rows import read_rows  # noqa: PLC0415

    rows = read_rows(csv_file, values)
    answer = service.post(f"/v1/jobs/{resolve_job(service, job_id)}/predictions", {"rows": rows})
    if json_output:
        print_json(answer)
    else:
        click.echo("\n".join(repr(prediction) for prediction in answer["predictions"]))


def resolve_job(service: ServiceSession, wanted: str) -> str:
    """Return the full id of a job; raises as `find_job`."""
    return str(find_job(service, wanted)["id"])


def find_job(service: ServiceSession, wanted: str) -> dict[str, Any]:
    """Return a job as it stands in the list, from its id, the beginning of it, or its number on chain.

    Raises:
        NotFound: there is no such job.
        Conflict: several ids begin like this.
    """
    jobs: list[dict[str, Any]] = service.get("/v1/jobs")["jobs"]
    by_number = [one for one in jobs if str(one["job_id"]) == wanted.lstrip("#")]
    found = by_number or [one for one in jobs if one["id"].startswith(wanted)]
    if not found:
        raise NotFound(f"there is no job {wanted!r}; `deltaml job list` shows them", job=wanted)
    if len(found) > 1:
        raise Conflict(f"{len(found)} jobs have an id that begins with {wanted!r}; give more of it", job=wanted)
    return found[0]


def _write(document: Any, output: Path) -> None:
    try:
        output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{output}: cannot be written ({error.strerror})", field="output") from error


def _follow(service: ServiceSession, job_id: str, json_output: bool) -> int:
    from deltaml.job_view import follow, print_job  # noqa: PLC0415

    ended = follow(lambda: service.get(f"/v1/jobs/{job_id}"))
    if json_output:
        print_json(ended)
    else:
        print_job(ended)
    return 0 if ended["stage"] == "finished" else 3


def _nest(options: dict[str, Any], name: str, members: tuple[str, ...]) -> None:
    given = {member: value for member in members if (value := options.pop(member)) is not None}
    options[name] = given or None
