"""How a deposit is divided: the owners' share in equal parts, as near as whole basis points for two roles come to that.

The contract divides between trainers and validators. Of n owners one validates, in name only, so it gets 1/n of the owners'
share and the n − 1 trainers the rest.
"""

from __future__ import annotations

from commons.computations.statistics.members import MIN_OWNERS
from commons.errors import InvalidInput
from commons.market.job_terms import MAX_TRAINERS, JobTerms, PayTerms

VALIDATORS = 1
MAX_OWNERS = MAX_TRAINERS + VALIDATORS
AGGREGATOR_BPS = 1000


def trainers_of(owners: int) -> int:
    """All owners but one train, in the contract's words."""
    return owners - VALIDATORS


def equal_parts(owners: int, *, aggregator_bps: int = AGGREGATOR_BPS) -> PayTerms:
    """The terms under which the parts of so many owners differ least, after the aggregator's share."""
    owners_bps = 10_000 - aggregator_bps
    # Parts are v and (S − v)/(n − 1); they differ least where |n·v − S| is smallest.
    validator_bps = round(owners_bps / owners)
    return PayTerms(trainer_bps=owners_bps - validator_bps, validator_bps=validator_bps, aggregator_bps=aggregator_bps)


def require_equal_parts(terms: JobTerms) -> None:
    """Check that a job has owners enough, not too many, and pays them alike.

    Raises:
        InvalidInput: naming `min_owners` or `pay`.
    """
    owners, pay = terms.min_owners, terms.pay
    if owners < MIN_OWNERS:
        raise InvalidInput(
            f"min_owners is {owners}; statistics are computed over at least {MIN_OWNERS} owners, since fewer would show what one "
            "of them has",
            field="min_owners",
        )
    if owners > MAX_OWNERS:
        raise InvalidInput(f"min_owners is {owners}; expected at most {MAX_OWNERS}", field="min_owners")
    trainers = trainers_of(owners)
    if abs(trainers * pay.validator_bps - pay.trainer_bps) > trainers:
        owners_bps = pay.trainer_bps + pay.validator_bps
        wanted = equal_parts(owners, aggregator_bps=10_000 - owners_bps)
        raise InvalidInput(
            f"pay: statistics pay all owners alike; of {owners_bps} basis points for {owners} owners expected trainer_bps "
            f"{wanted.trainer_bps} and validator_bps {wanted.validator_bps}",
            field="pay",
        )
