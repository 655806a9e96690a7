"""Putting a job request together on the command line: a file, options that overrule it, ranges from a local CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commons.errors import InvalidInput
from deltaml.job_columns import LocalTable, parse_category, parse_feature, parse_number_column
from deltaml.service_session import read_json_object

LINEAR_REGRESSION, STATISTICS = KINDS = ("linear_regression", "statistics")
"""The kinds of computation that there are options for; a file can ask for any."""


@dataclass(frozen=True)
class ColumnOptions:
    """What is computed from which columns, as options say it.

    Attributes:
        features, target: of a linear regression: `NAME:MINIMUM:MAXIMUM[:UNIT]`, or with `from_csv` just `NAME`; with
            `from_csv` and no feature, all numeric columns but the target.
        columns: of statistics: names of columns of `from_csv`; with none, all that can be described.
        numbers, categories: of statistics: columns written out, which need no file.
        correlation: whether statistics are to hold the correlations of all pairs of number columns.
        bins: of the histograms of all number columns.
        from_csv: a file on this machine, read for column names, ranges and levels only.
    """

    features: Sequence[str] = ()
    target: str | None = None
    columns: Sequence[str] = ()
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    correlation: bool = False
    bins: int | None = None
    from_csv: Path | None = None

    def require_of(self, kind: str) -> None:
        """Raise InvalidInput for an option of another kind of computation than this one."""
        of_kinds: dict[str, dict[str, object]] = {
            LINEAR_REGRESSION: {"feature": self.features, "target": self.target},
            STATISTICS: {
                "columns": self.columns,
                "column": self.numbers,
                "category": self.categories,
                "correlation": self.correlation,
                "bins": self.bins,
            },
        }
        for other, options in of_kinds.items():
            for name, given in options.items():
                if given and other != kind:
                    raise InvalidInput(f"--{name} is for --kind {other}, and this job is of {kind}", field=name)
        if self.from_csv is not None and kind not in of_kinds:
            raise InvalidInput(
                f"--from-csv is for --kind {' and '.join(KINDS)}; write the columns of a {kind} job into the file of --spec",
                field="from-csv",
            )


def build_request(
    spec: Path | None,
    options: Mapping[str, Any],
    columns: ColumnOptions = ColumnOptions(),
    *,
    kind: str | None = None,
) -> dict[str, Any]:
    """Return the body of `POST /v1/jobs`.

    Args:
        spec: a JSON file with any of the request's fields.
        options: fields given as options, None where not given; they overrule the file.
        columns: what is computed from which columns; overrules the file too.
        kind: of computation; what the file says, or a linear regression, when None.

    Raises:
        InvalidInput: naming the option, file or column that cannot be.
    """
    request = {} if spec is None else read_json_object(spec, what="a job request")
    asked = _kind(request, kind, spec)
    _overrule(request, options)
    computation = request.setdefault("computation", {})
    computation["kind"] = asked
    columns.require_of(asked)
    if asked == LINEAR_REGRESSION:
        _regress(computation, columns)
    elif asked == STATISTICS:
        _describe(computation, columns)
    return request


def _kind(request: Mapping[str, Any], wanted: str | None, spec: Path | None) -> str:
    computation = request.get("computation", {})
    if not isinstance(computation, dict):
        raise InvalidInput(
            f"{spec}: computation is not an object; expected what is to be computed", field="computation"
        )
    in_file = computation.get("kind", wanted or LINEAR_REGRESSION)
    if not isinstance(in_file, str):
        raise InvalidInput(f"{spec}: computation.kind is not a text", field="computation.kind")
    if wanted not in (None, in_file):
        raise InvalidInput(
            f"--kind {wanted}: {spec} asks for {in_file}; leave out --kind, or give another file", field="kind"
        )
    return in_file


def _overrule(request: dict[str, Any], options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if isinstance(value, dict) and isinstance(request.get(name), dict):
            _overrule(request[name], value)
        elif value is not None:
            request[name] = value


def _regress(computation: dict[str, Any], options: ColumnOptions) -> None:
    if options.from_csv is not None:
        table = LocalTable(options.from_csv)
        wanted = options.target or _declared_name(computation.get("target"))
        if wanted is None:
            raise InvalidInput("--target is missing; name the column to predict", field="target")
        computation["target"] = table.feature(wanted)
        computation["features"] = list(map(table.feature, options.features)) or table.features(but=wanted)
        return
    if options.features:
        computation["features"] = [parse_feature(text, option="--feature") for text in options.features]
    if options.target is not None:
        computation["target"] = parse_feature(options.target, option="--target")


def _describe(computation: dict[str, Any], options: ColumnOptions) -> None:
    written = [*map(parse_number_column, options.numbers), *map(parse_category, options.categories)]
    by_name = {column["name"]: column for column in written}
    if options.from_csv is not None:
        table = LocalTable(options.from_csv)
        names = options.columns or [one["name"] for one in table.described() if one["name"] not in by_name]
        computation["columns"] = [by_name.pop(name, None) or table.column(name) for name in names]
        computation["columns"] += by_name.values()
    elif options.columns:
        raise InvalidInput(
            "--columns are looked up in a file; add --from-csv FILE, or give each one with --column NAME:MIN:MAX or "
            "--category NAME:LEVEL,LEVEL,…",
            field="columns",
        )
    elif written:
        computation["columns"] = written
    if options.correlation:
        computation["correlation"] = True
    if options.bins is not None:
        _set_bins(computation.get("columns"), options.bins)


def _set_bins(columns: object, bins: int) -> None:
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, dict) and column.get("kind", "number") == "number":
            column["bins"] = bins


def _declared_name(target: object) -> str | None:
    name = target.get("name") if isinstance(target, dict) else None
    return name if isinstance(name, str) else None
