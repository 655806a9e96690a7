"""How many owners a job may ask for, and what it asks the contract for.

The contract knows least numbers of trainers and of validators, the specification one of owners. Owners may agree to one
role only, so how the roles divide is not known beforehand: the contract is asked for one of each, and the buyer itself
answers no task of a job that was started with fewer owners than its specification says (`require_enough_owners`). Such a
job records no checkpoint, pays nobody and refunds everything at its deadline.
"""

from __future__ import annotations

from commons.errors import InvalidInput, ProtocolViolation
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS
from commons.market.roles import trainer_count

MIN_TRAINERS = 1
MIN_VALIDATORS = 1


def _can_be_placed(n_owners: int) -> bool:
    trainers = trainer_count(n_owners)
    return trainers <= MAX_TRAINERS and n_owners - trainers <= MAX_VALIDATORS


MAX_PARTICIPANTS = max(count for count in range(2, MAX_TRAINERS + MAX_VALIDATORS + 1) if _can_be_placed(count))
"""The most owners that the usual draw of roles can place without exceeding the contract's limit of either role."""


def require_placeable(min_owners: int) -> None:
    """Return if so many owners can take part; raises InvalidInput naming the field if not."""
    if min_owners > MAX_PARTICIPANTS:
        raise InvalidInput(f"min_owners is {min_owners}; expected at most {MAX_PARTICIPANTS}", field="min_owners")


def require_enough_owners(min_owners: int, trainers: int, validators: int) -> None:
    """Return if a job was started with as many owners as agreed.

    Raises:
        ProtocolViolation: the aggregator started it with fewer.
    """
    if trainers + validators < min_owners:
        raise ProtocolViolation(
            f"the job was started with {trainers + validators} owners; {min_owners} are the least that was agreed"
        )
