"""The draw of roles: who trains and who validates, from public values only, so that every participant can repeat it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from commons.errors import InvalidInput


class Role(IntFlag):
    """Roles that an owner agrees to, as the bit mask that its acceptance signs."""

    TRAINER = 1
    VALIDATOR = 2
    EITHER = 3


@dataclass(frozen=True)
class Roles:
    """Addresses of the trainers and validators, each in the order that the contract stores."""

    trainers: tuple[str, ...]
    validators: tuple[str, ...]


def validator_quorum(n_validators: int) -> int:
    """So many validators must stay in a job that began with `n_validators`: two thirds, and two unless it had only one.

    An opening over fewer would come close to showing a single validator's error.
    """
    return 1 if n_validators == 1 else max(2, -(-2 * n_validators // 3))


def trainer_count(n_owners: int) -> int:
    """70 % of the owners, rounded down, at least one; the others (at least one of two or more) validate."""
    return max(1, 7 * n_owners // 10)


def draw_roles(allowed: Mapping[str, Role], role_seed: int, n_trainers: Callable[[int], int] = trainer_count) -> Roles:
    """Draw roles: `numpy.random.default_rng(role_seed).permutation(k)` over the addresses sorted without regard to case.

    The first `n_trainers` train, the others validate; owners that agreed to one role only get that one, and the others fill up in
    the drawn order. Neither the order in which owners accepted nor the aggregator's choice enters.

    Args:
        allowed: what each address agreed to.
        role_seed: from the job's specification.
        n_trainers: how many of so many owners train.

    Raises:
        InvalidInput: if no trainer or no validator can be had.
    """
    ordered = sorted(allowed, key=str.lower)
    drawn = [ordered[index] for index in np.random.default_rng(role_seed).permutation(len(ordered))]
    wanted = n_trainers(len(drawn))
    places = wanted - sum(allowed[address] == Role.TRAINER for address in drawn)
    trainers, validators = [], []
    for address in drawn:
        if allowed[address] == Role.TRAINER:
            trainers.append(address)
        elif allowed[address] == Role.EITHER and places > 0:
            places -= 1
            trainers.append(address)
        else:
            validators.append(address)
    if not trainers or not validators:
        raise InvalidInput("a job needs at least one owner that may train and another that may validate", field="roles")
    return Roles(trainers=tuple(trainers), validators=tuple(validators))
