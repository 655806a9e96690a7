"""How many owners a job may ask for, and what it asks the contract for.

The contract knows least numbers of trainers and of validators, and the most of both together; the specification knows a
number of owners. Where owners may agree to one role only, how the roles divide is not known beforehand: the contract is
then asked for one of each, and the buyer itself answers no task of a job that was started with fewer owners than its
specification says (`require_agreed_owners`). Such a job records no checkpoint, pays nobody and refunds everything at its
deadline.
"""

from __future__ import annotations

from dataclasses import dataclass

from commons.computations.job_facts import RoleRule
from commons.errors import InvalidInput, ProtocolViolation
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS


@dataclass(frozen=True)
class ParticipantLimits:
    """What the contract holds a start to."""

    min_trainers: int
    min_validators: int
    max_participants: int


def limits(min_owners: int, roles: RoleRule) -> ParticipantLimits:
    """The limits of a job that asks for so many owners."""
    if not roles.exact:
        return ParticipantLimits(1, 1, most_owners(roles))
    trainers = roles.n_trainers(min_owners)
    least = (1, 1) if roles.may_choose else (trainers, min_owners - trainers)
    return ParticipantLimits(*least, min_owners)


def most_owners(roles: RoleRule) -> int:
    """The most owners that the draw of roles can place without exceeding the contract's limit of either role."""
    return max(count for count in range(2, MAX_TRAINERS + MAX_VALIDATORS + 1) if _can_be_placed(count, roles))


def require_placeable(min_owners: int, roles: RoleRule) -> None:
    """Return if so many owners can take part; raises InvalidInput naming the field if not."""
    most = most_owners(roles)
    if min_owners > most:
        raise InvalidInput(f"min_owners is {min_owners}; expected at most {most}", field="min_owners")


def require_agreed_owners(min_owners: int, owners: int, roles: RoleRule) -> None:
    """Return if a job was started with as many owners as agreed.

    Raises:
        ProtocolViolation: the aggregator started it with fewer, or with more where the number is exact.
    """
    if owners < min_owners:
        raise ProtocolViolation(f"the job was started with {owners} owners; {min_owners} are the least that was agreed")
    if roles.exact and owners > min_owners:
        raise ProtocolViolation(f"the job was started with {owners} owners; exactly {min_owners} were agreed")


def _can_be_placed(n_owners: int, roles: RoleRule) -> bool:
    trainers = roles.n_trainers(n_owners)
    return trainers <= MAX_TRAINERS and n_owners - trainers <= MAX_VALIDATORS
