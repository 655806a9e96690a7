"""How much each trainer's presence lowered the error.

At a checkpoint with error MSE, and error MSE_{-t} of the same round's average without trainer t, the trainer's gain
is Δ_t = max(0, MSE_{-t} - MSE), and its contribution the sum of its gains over the checkpoints. This is
leave-one-out valuation (Cook 1977; Ghorbani & Zou 2019, arXiv:1904.02868) on models instead of retrained ones.
It departs on purpose from paying `initial - MSE_{-t}`, which is largest for the trainer whose removal helps most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from commons.errors import InvalidInput


def leave_one_out_contributions(checkpoints: Iterable[tuple[int, Sequence[int]]]) -> list[int]:
    """Return each trainer's contribution, in the fixed-point unit of the errors.

    Args:
        checkpoints: (mse, leave_one_out_mses) for each checkpoint after the initial one, the second in the order of
            the trainers; the same integers that the chain records.

    Raises:
        InvalidInput: an error below zero, or checkpoints that do not agree on the number of trainers.
    """
    contributions: list[int] | None = None
    for index, (mse, without) in enumerate(checkpoints, start=1):
        if contributions is None:
            contributions = [0] * len(without)
        if len(without) != len(contributions):
            raise InvalidInput(
                f"checkpoint {index} has {len(without)} leave-one-out errors; expected {len(contributions)}",
                field="leave_one_out_mses",
            )
        if mse < 0 or any(value < 0 for value in without):
            raise InvalidInput(f"checkpoint {index} has an error below zero", field="mse")
        contributions = [total + max(0, value - mse) for total, value in zip(contributions, without, strict=True)]
    return contributions or []


def contribution_share(contributions: Sequence[int], place: int) -> float | None:
    """Return one trainer's part of all contributions, 0 to 1; None while nobody has contributed."""
    total = sum(contributions)
    return contributions[place] / total if total else None
