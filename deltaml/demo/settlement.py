"""Who was paid what for a job of the demo, as the contract says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commons.chain.jobs import JobSettled, Quote
from commons.chain.marketplace import Marketplace
from commons.computations.job_facts import Pay
from commons.errors import Conflict
from deltaml.demo.world import World


@dataclass(frozen=True)
class Settled:
    """What the contract says of the finished job.

    Attributes:
        quote: the split.
        settled: the event of the settlement.
        trainers, validators: addresses, in the contract's words for what owners do.
        contributions: of the trainers.
    """

    quote: Quote
    settled: JobSettled
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    contributions: tuple[int, ...]


def read_settlement(world: World, job_id: int) -> Settled:
    """Read the settlement from the chain, not from what a service says.

    Raises:
        Conflict: the contract does not show the job as finalized.
    """
    marketplace = Marketplace(world.rpc_url, world.contract_address)
    settled = marketplace.job_finalized(job_id)
    if settled is None:
        raise Conflict(f"the contract does not show job {job_id} as finalized")
    return Settled(
        quote=marketplace.quote(job_id),
        settled=settled,
        trainers=marketplace.trainers(job_id),
        validators=marketplace.validators(job_id),
        contributions=marketplace.contributions(job_id),
    )


def paid_owners(addresses: Sequence[str], row_counts: Sequence[int], chain: Settled, pay: Pay) -> list[dict[str, Any]]:
    """Role, rows, contribution and pay of each owner.

    Args:
        addresses, row_counts: of the owners, in the order of their parts.
        chain: what the contract says.
        pay: what owners are paid for. A contribution is the part in all improvement, or in what owners were paid together.
    """
    trainers = [address.lower() for address in chain.trainers]
    validators = [address.lower() for address in chain.validators]
    owners: list[dict[str, Any]] = []
    for index, (address, row_count) in enumerate(zip(addresses, row_counts, strict=True)):
        known = address.lower()
        # Who is neither was left out before the start.
        paid_wei = chain.quote.validator_each if known in validators else 0
        share = 0.0
        if known in trainers:
            position = trainers.index(known)
            paid_wei, share = chain.quote.trainers[position], _improvement_share(chain, position)
        owners.append(
            {
                "index": index,
                "address": address,
                "role": "trainer" if known in trainers else "validator",
                "rows": row_count,
                "contribution": share,
                "paid_wei": str(paid_wei),
            }
        )
    if pay is Pay.PER_ANSWER:
        together = sum(int(owner["paid_wei"]) for owner in owners)
        for owner in owners:
            owner["contribution"] = int(owner["paid_wei"]) / together if together else 0.0
    return owners


def everybody_paid(summary: Mapping[str, Any], world: World) -> bool:
    """Whether deposit = paid + refunded, and the contract owes each account at least what the summary says."""
    settlement = {name: value for name, value in summary["settlement"].items() if name != "tx"}
    deposit, paid, refunded = (int(settlement[name]) for name in ("deposit_wei", "paid_wei", "refunded_wei"))
    marketplace = Marketplace(world.rpc_url, world.contract_address)
    claims = [(owner["address"], int(owner["paid_wei"])) for owner in summary["owners"]]
    claims.append((summary["aggregator"]["address"], int(summary["aggregator"]["paid_wei"])))
    claims.append((summary["buyer"]["address"], refunded))
    return (
        deposit == paid + refunded
        and paid == sum(amount for _, amount in claims[:-1])
        and all(marketplace.owed_wei(address) >= amount for address, amount in claims)
    )


def _improvement_share(chain: Settled, position: int) -> float:
    total = sum(chain.contributions)
    # Without any contribution the trainers share equally, as the contract pays.
    return chain.contributions[position] / total if total else 1 / len(chain.trainers)
