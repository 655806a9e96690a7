"""Specifications for tests, from fields of the terms and of the computation in one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.registry import JobSpec


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same with what belongs to a linear regression where a job has it."""
    inside = {name: value for name, value in fields.items() if name in LinearRegressionSpec.model_fields}
    outside = {name: value for name, value in fields.items() if name not in inside}
    return {**outside, "computation": {"kind": "linear_regression", **inside}}


def job_spec(**fields: Any) -> JobSpec:
    """A linear regression with these terms and settings."""
    return JobSpec.model_validate(nested(fields))


def changed(spec: JobSpec, **changes: Any) -> JobSpec:
    """A specification that differs in some fields, which are not checked."""
    inside = {name: value for name, value in changes.items() if name in LinearRegressionSpec.model_fields}
    outside = {name: value for name, value in changes.items() if name not in inside}
    computation = spec.computation.model_copy(update=inside)
    return spec.model_copy(update={**outside, "computation": computation})
