"""Which of a dataset's columns may stand for those of a job that it has under other names."""

from __future__ import annotations

from collections.abc import Sequence

from commons.market.requirements import RequiredColumn
from commons.tables.column_names import likeness
from data_owner.domain.dataset_profile import ColumnProfile
from data_owner.domain.matching import faults

ALIKE = 0.9
"""From this likeness on a name is proposed; under it people choose for themselves, because "weight" is not "height"."""


def suggest_mapping(missing: Sequence[RequiredColumn], free: Sequence[ColumnProfile]) -> dict[str, str]:
    """Return required name → own name where the choice is clear.

    Proposed is a column that can serve and whose name is alike, if neither has another partner that is
    as much alike.

    Args:
        missing: required columns that the dataset has no column of that name for.
        free: the dataset's columns that stand for no required one.
    """
    pairs = {
        (required.name, own.name): score
        for required in missing
        for own in free
        if (score := likeness(required.name, own.name, unit=required.unit)) >= ALIKE
        and set(faults(own, required)) <= {"constant"}
    }
    return {required: own for (required, own), score in pairs.items() if _is_clear(required, own, score, pairs)}


def _is_clear(required: str, own: str, score: float, pairs: dict[tuple[str, str], float]) -> bool:
    rivals = [
        other for pair, other in pairs.items() if pair != (required, own) and (pair[0] == required or pair[1] == own)
    ]
    return all(other < score for other in rivals)
