"""The table of all kinds of computation, and the types that are made of them.

The kinds of this project are listed here. Those of other packages register themselves by an entry point in the group
`deltaml.computations`, whose name is the kind and which gives a `Computation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from importlib.metadata import entry_points
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter

from commons.computations.base import Computation
from commons.computations.job_facts import ComputationSpec
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.statistics import STATISTICS
from commons.errors import InvalidInput, ProtocolViolation
from commons.market.job_terms import JobTerms
from commons.market.tasks import TaskBody, TaskResult

ENTRY_POINTS = "deltaml.computations"

AnyComputation = Computation[Any]


def _all_kinds() -> Mapping[str, AnyComputation]:
    own: list[AnyComputation] = [LinearRegression(), STATISTICS]
    kinds = {one.kind: one for one in own}
    for found in entry_points(group=ENTRY_POINTS):
        other: AnyComputation = found.load()
        if other.kind != found.name or other.kind in kinds:
            raise InvalidInput(
                f"the computation {found.name!r} of {found.value} has another kind, or one that is taken"
            )
        kinds[other.kind] = other
    return MappingProxyType(kinds)


def _union(types: Iterable[type]) -> Any:
    joined = reduce(or_, types)
    # A union of one type has no use for a discriminator, and pydantic refuses it.
    return joined if isinstance(joined, type) else Annotated[joined, Field(discriminator="kind")]


BY_KIND: Mapping[str, AnyComputation] = _all_kinds()
"""Every kind that this installation knows."""

if TYPE_CHECKING:
    AnyComputationSpec = ComputationSpec
    AnyTask = TaskBody
    AnyResult = TaskResult
else:
    AnyComputationSpec = _union(one.spec for one in BY_KIND.values())
    AnyTask = _union(task for one in BY_KIND.values() for task in one.tasks)
    AnyResult = _union(result for one in BY_KIND.values() for result in one.results)

TASK: TypeAdapter[AnyTask] = TypeAdapter(AnyTask)
RESULT: TypeAdapter[AnyResult] = TypeAdapter(AnyResult)


class JobSpec(JobTerms):
    """Everything public about a job, fixed when it is posted: the terms, and what is computed."""

    computation: AnyComputationSpec


def computation_of(spec: JobSpec) -> AnyComputation:
    """The kind of a job."""
    return BY_KIND[spec.computation.kind]


def kind_of_task(task_kind: str) -> AnyComputation:
    """The kind that a task belongs to; raises ProtocolViolation for one that is not known here."""
    name = task_kind.partition("/")[0]
    if name not in BY_KIND:
        raise ProtocolViolation(f"{task_kind} is no task of a computation that is known here")
    return BY_KIND[name]
