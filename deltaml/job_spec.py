"""Putting a job request together on the command line: a file, options that overrule it, ranges from a local CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commons.errors import InvalidInput, NotFound
from deltaml.service_session import read_json_object

if TYPE_CHECKING:
    from data_owner.domain.dataset_profile import ColumnProfile, DatasetProfile


def build_request(
    spec: Path | None,
    options: Mapping[str, Any],
    *,
    features: Sequence[str] = (),
    target: str | None = None,
    from_csv: Path | None = None,
) -> dict[str, Any]:
    """Return the body of `POST /v1/jobs`.

    Args:
        spec: a JSON file with any of the request's fields.
        options: fields given as options, None where not given; they overrule the file.
        features: `NAME:MINIMUM:MAXIMUM[:UNIT]`, or with `from_csv` just `NAME`; with `from_csv` and none given, all numeric
            columns but the target.
        target: written like a feature.
        from_csv: a file on this machine, read for column names and ranges only.

    Raises:
        InvalidInput: naming the option, file or column that cannot be.
    """
    request = {} if spec is None else read_json_object(spec, what="a job request")
    for name, value in options.items():
        if isinstance(value, dict) and isinstance(request.get(name), dict):
            request[name] = {**request[name], **value}
        elif value is not None:
            request[name] = value
    if from_csv is not None:
        profile = _profile(from_csv)
        wanted = target or _declared_name(request.get("target"))
        if wanted is None:
            raise InvalidInput("--target is missing; name the column to predict", field="target")
        target_column = _column(profile, wanted, from_csv)
        names = features or [
            one.name for one in profile.columns if one.is_numeric and not one.is_constant and one.name != wanted
        ]
        request["features"] = [_column(profile, name, from_csv) for name in names]
        request["target"] = target_column
    else:
        if features:
            request["features"] = [parse_feature(text, option="--feature") for text in features]
        if target is not None:
            request["target"] = parse_feature(target, option="--target")
    return request


def parse_feature(text: str, *, option: str) -> dict[str, Any]:
    """Return the feature that `NAME:MINIMUM:MAXIMUM[:UNIT]` stands for; the name may hold colons if a unit is given."""
    parts = text.split(":")
    for bounds_at in (-3, -2):
        if len(parts) < 1 - bounds_at:
            continue
        minimum, maximum = _number(parts[bounds_at]), _number(parts[bounds_at + 1])
        if minimum is not None and maximum is not None:
            unit = parts[-1] if bounds_at == -3 else ""
            return {"name": ":".join(parts[:bounds_at]), "minimum": minimum, "maximum": maximum, "unit": unit}
    raise InvalidInput(
        f"{option} {text!r}: expected NAME:MINIMUM:MAXIMUM[:UNIT], for example age:0:120:years, or --from-csv FILE",
        field=option.removeprefix("--"),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _declared_name(target: object) -> str | None:
    name = target.get("name") if isinstance(target, dict) else None
    return name if isinstance(name, str) else None


def _profile(path: Path) -> DatasetProfile:
    from data_owner.adapters.data_files import open_data_file  # noqa: PLC0415 - pyarrow is heavy, and only needed here
    from data_owner.domain.dataset_profile import profile_blocks  # noqa: PLC0415

    return profile_blocks(open_data_file(path).blocks())


def _column(profile: DatasetProfile, name: str, path: Path) -> dict[str, Any]:
    column = profile.column(name)
    if column is None:
        listed = ", ".join(profile.column_names)
        raise NotFound(f"{path}: there is no column {name!r}; the file has {listed}", column=name, file=str(path))
    problem = _problem(column)
    if problem is not None:
        raise InvalidInput(f"{path}, column {name!r}: {problem}", column=name, file=str(path))
    return {"name": name, "minimum": column.minimum, "maximum": column.maximum, "unit": ""}


def _problem(column: ColumnProfile) -> str | None:
    if column.first_unusable is not None:
        cell = column.first_unusable
        return f"row {cell.row} holds {cell.text!r}; {cell.expected}"
    if column.minimum is None:
        return "holds no number"
    if column.is_constant:
        return f"is {column.minimum} in every row; a constant teaches nothing"
    return None
