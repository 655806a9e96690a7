"""`deltaml dataset`: the files that one's own data owner service may train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commons.errors import Conflict, NotFound
from deltaml.output import as_json, print_facts, print_json, print_table
from deltaml.service_session import OWNER_URL, ServiceSession, service_options


@click.group()
def dataset() -> None:
    """Datasets, at your own data owner service. Rows never leave it.

    Example: deltaml dataset add sample.csv --name Sample
    """


@dataset.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@service_options(OWNER_URL)
@click.option("--name", help="What the catalogue shows.  [default: the file's name]")
@click.option("--description", help="What the rows are.")
@click.option("--tag", "tags", multiple=True, help="A tag for the catalogue; repeat it.")
@click.option("--upload", is_flag=True, help="Send a copy, also when the service could read the file where it lies.")
@as_json
def add(
    *,
    service: ServiceSession,
    file: Path,
    name: str | None,
    description: str | None,
    tags: tuple[str, ...],
    upload: bool,
    json_output: bool,
) -> None:
    """Add a CSV or Parquet FILE.

    The service gets a copy, unless FILE lies below one of the folders that it reads (DELTAML_DATA_DIRS): then it reads the
    file where it lies, on its own machine.

    Example: deltaml dataset add sample.csv --name Sample --tag health
    """
    path = file.expanduser().absolute()
    said = {key: text for key, text in (("name", name), ("description", description)) if text is not None}
    if not upload and _is_read_there(path, service.get("/v1/datasets")["data_dirs"]):
        added = service.post("/v1/datasets", {"path": str(path), **said, **({"tags": list(tags)} if tags else {})})
    else:
        added = service.upload("/v1/datasets", path, {**said, **({"tags": ",".join(tags)} if tags else {})})
    if json_output:
        print_json(added)
    else:
        _print_dataset(added)


@dataset.command("list")
@service_options(OWNER_URL)
@as_json
def list_datasets(service: ServiceSession, json_output: bool) -> None:
    """List your datasets.

    Example: deltaml dataset list
    """
    answer = service.get("/v1/datasets")
    if json_output:
        print_json(answer)
        return
    rows = [
        (one["dataset_id"][:8], one["name"], one["row_count"], len(one["columns"]), one["listing"], one["path"])
        for one in answer["datasets"]
    ]
    print_table(("id", "name", "rows", "columns", "catalogue", "file"), rows)


@dataset.command("show")
@click.argument("dataset_id", metavar="ID")
@service_options(OWNER_URL)
@as_json
def show(service: ServiceSession, dataset_id: str, json_output: bool) -> None:
    """Show a dataset's columns with types and ranges. ID is its id or the beginning of it.

    Example: deltaml dataset show 3f2a
    """
    shown = service.get(f"/v1/datasets/{resolve_dataset(service, dataset_id)}")
    if json_output:
        print_json(shown)
    else:
        _print_dataset(shown)


@dataset.command("remove")
@click.argument("dataset_id", metavar="ID")
@service_options(OWNER_URL)
def remove(service: ServiceSession, dataset_id: str) -> None:
    """Forget a dataset; a file that was added where it lies is left alone.

    Example: deltaml dataset remove 3f2a
    """
    full_id = resolve_dataset(service, dataset_id)
    service.delete(f"/v1/datasets/{full_id}")
    click.echo(f"removed {full_id}")


def _is_read_there(path: Path, data_dirs: list[str]) -> bool:
    """Whether a path lies below a folder of the service, as it is spelt or with its links followed."""
    return any(spelt.is_relative_to(folder) for spelt in (path, path.resolve()) for folder in data_dirs)


def resolve_dataset(service: ServiceSession, wanted: str) -> str:
    """Return the full id of a dataset from its id or the beginning of it.

    Raises:
        NotFound: there is no such dataset.
        Conflict: several ids begin like this.
    """
    found = [one["dataset_id"] for one in service.get("/v1/datasets")["datasets"]]
    found = [one for one in found if one.startswith(wanted)]
    if not found:
        raise NotFound(f"there is no dataset {wanted!r}; `deltaml dataset list` shows them", dataset=wanted)
    if len(found) > 1:
        raise Conflict(f"{len(found)} datasets have an id that begins with {wanted!r}; give more of it", dataset=wanted)
    return str(found[0])


def _print_dataset(shown: dict[str, Any]) -> None:
    print_facts(
        [
            ("id", shown["dataset_id"]),
            ("name", shown["name"]),
            ("description", shown["description"]),
            ("tags", ", ".join(shown["tags"])),
            ("file", shown["path"]),
            ("rows", shown["row_count"]),
            ("catalogue", " ".join(part for part in (shown["listing"], shown["listing_note"]) if part)),
        ]
    )
    rows = [
        (
            one["name"],
            one["type"],
            _number(one["minimum"]),
            _number(one["maximum"]),
            one["missing_count"] or None,
            one["problem"],
        )
        for one in shown["columns"]
    ]
    print_table(("column", "type", "least", "greatest", "missing", "problem"), rows)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"
