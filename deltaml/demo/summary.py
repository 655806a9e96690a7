"""What came out of a demo: one object for machines, one table for people.

The object is an interface that others build on; its fields are described in docs/architecture.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from commons.chain.jobs import JobSettled, Quote
from commons.chain.marketplace import Marketplace
from commons.errors import Conflict
from deltaml.demo.dataset import FloatArray, PlaintextRun, train_in_the_clear
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import Outcome
from deltaml.demo.world import World


@dataclass(frozen=True)
class Settled:
    """What the contract says of the finished job.

    Attributes:
        quote: the split.
        settled: the event of the settlement.
        owed_wei: what each account can withdraw now.
    """

    quote: Quote
    settled: JobSettled
    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    contributions: tuple[int, ...]
    owed_wei: dict[str, int]


def read_settlement(world: World, job_id: int) -> Settled:
    """Read the settlement from the chain, not from what a service says.

    Raises:
        Conflict: the contract does not show the job as finalized.
    """
    marketplace = Marketplace(world.rpc_url, world.contract_address)
    settled = marketplace.job_finalized(job_id)
    if settled is None:
        raise Conflict(f"the contract does not show job {job_id} as finalized")
    trainers, validators = marketplace.trainers(job_id), marketplace.validators(job_id)
    accounts = (*trainers, *validators, world.aggregator_address, world.buyer.address)
    return Settled(
        quote=marketplace.quote(job_id),
        settled=settled,
        trainers=trainers,
        validators=validators,
        contributions=marketplace.contributions(job_id),
        owed_wei={account: marketplace.owed_wei(account) for account in accounts},
    )


def summarise(
    options: DemoOptions,
    world: World,
    parts: list[tuple[FloatArray, FloatArray]],
    outcome: Outcome,
    *,
    setup_s: float,
    total_s: float,
) -> dict[str, Any]:
    """The summary of a demo whose job finished.

    Args:
        parts: the owners' rows, in their order.
        setup_s: seconds until everything ran.
        total_s: seconds of the whole demo.
    """
    chain = read_settlement(world, int(outcome.job["job_id"]))
    owners = _owners(world, parts, chain)
    by_role = {
        role: [part for owner, part in zip(owners, parts, strict=True) if owner["role"] == role]
        for role in ("trainer", "validator")
    }
    rounds = int(outcome.job["live"]["round"])
    clear = train_in_the_clear(outcome.spec, by_role["trainer"], by_role["validator"], rounds=rounds)
    weights = [*outcome.model.weights, outcome.model.intercept]
    return {
        "state": outcome.job["stage"],
        "job_id": outcome.job["job_id"],
        "rounds": rounds,
        "local_steps": outcome.spec.local_steps,
        "learning_rate": outcome.spec.learning_rate,
        "scaling": outcome.spec.scaling.value,
        "key_bits": options.key_bits,
        "seed": options.seed,
        "features": list(outcome.spec.weight_names),
        "target": outcome.spec.target.name,
        "owners": owners,
        "aggregator": {"address": world.aggregator_address, "paid_wei": str(chain.quote.aggregator)},
        "buyer": {"address": world.buyer.address, "refunded_wei": str(chain.settled.refunded_wei)},
        "mse": _mse(outcome, clear),
        "weights": weights,
        "plaintext_weights": clear.weights.tolist(),
        "max_weight_error": _relative_error(weights, clear),
        "settlement": _settlement(options, chain),
        "transactions": _transactions(outcome.job),
        "contract": {"address": world.contract_address, "rpc_url": world.rpc_url},
        "seconds": _seconds(outcome, setup_s, total_s),
    }


def _mse(outcome: Outcome, clear: PlaintextRun) -> dict[str, Any]:
    history = [[item["round"], item["mse"]] for item in outcome.job["checkpoints"]]
    return {
        "initial": history[0][1],
        "final": history[-1][1],
        "history": history,
        "plaintext_final": clear.mse,
        "local_regression": clear.local_mse,
    }


def _settlement(options: DemoOptions, chain: Settled) -> dict[str, str]:
    return {
        "deposit_wei": str(options.deposit_wei),
        "paid_wei": str(chain.settled.paid_wei),
        "refunded_wei": str(chain.settled.refunded_wei),
        "tx": chain.settled.tx_hash,
    }


def _seconds(outcome: Outcome, setup_s: float, total_s: float) -> dict[str, float]:
    entered = outcome.entered
    seconds = {
        "setup": setup_s,
        "recruiting": entered["running"] - entered["recruiting"],
        "training": entered["settling"] - entered["running"],
        "settlement": entered["finished"] - entered["settling"],
        "total": total_s,
    }
    return {phase: round(value, 3) for phase, value in seconds.items()}


def everybody_paid(summary: dict[str, Any], world: World) -> bool:
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


def _owners(world: World, parts: list[tuple[FloatArray, FloatArray]], chain: Settled) -> list[dict[str, Any]]:
    total = sum(chain.contributions)
    trainers = [address.lower() for address in chain.trainers]
    rows = []
    for index, (owner, (_, y)) in enumerate(zip(world.owners, parts, strict=True)):
        trains = owner.address.lower() in trainers
        position = trainers.index(owner.address.lower()) if trains else -1
        # Without any contribution the trainers share equally, as the contract pays.
        share = chain.contributions[position] / total if total else 1 / len(trainers)
        rows.append(
            {
                "index": index,
                "address": owner.address,
                "role": "trainer" if trains else "validator",
                "rows": len(y),
                "contribution": share if trains else 0.0,
                "paid_wei": str(chain.quote.trainers[position] if trains else chain.quote.validator_each),
            }
        )
    return rows


def _transactions(job: dict[str, Any]) -> list[dict[str, str]]:
    """Every transaction of the job, in order: deposit, start, checkpoints, delivery, settlement."""
    live = job["live"]
    deposit = next(item["tx_hash"] for item in job["timeline"] if item["tx_hash"])
    listed = [("deposit escrowed", deposit), ("owners enrolled", live["transactions"]["start"])]
    listed += [(f"checkpoint {item['index']} (round {item['round']})", item["tx_hash"]) for item in job["checkpoints"]]
    listed.append(("masked weights delivered", live["transactions"]["delivery"]))
    listed.append(("weights released, everybody paid", live["transactions"]["finalize"]))
    return [{"event": event, "tx": tx} for event, tx in listed]


def _relative_error(weights: list[float], clear: PlaintextRun) -> float:
    scale = float(np.abs(clear.weights).max()) or 1.0
    return float(np.abs(np.array(weights) - clear.weights).max() / scale)


def show(console: Console, summary: dict[str, Any]) -> None:
    """Print the summary for people."""
    mse, settlement, seconds = summary["mse"], summary["settlement"], summary["seconds"]
    table = Table(title=f"Job {summary['job_id']} is {summary['state']}", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column()
    improvement = (mse["initial"] - mse["final"]) / mse["initial"] if mse["initial"] else 0.0
    table.add_row("MSE before training", f"{mse['initial']:.6g}")
    table.add_row("MSE after, encrypted", f"{mse['final']:.10g}  ({improvement:+.1%} better)")
    table.add_row("MSE after, in the clear", f"{mse['plaintext_final']:.10g}")
    table.add_row("MSE of a local regression", f"{mse['local_regression']:.6g}  (all trainers' rows in one place)")
    table.add_row("Largest weight error", f"{summary['max_weight_error']:.2g} of the largest weight")
    table.add_row("Deposit", f"{_ether(settlement['deposit_wei'])} ETH")
    table.add_row("Paid / refunded", f"{_ether(settlement['paid_wei'])} / {_ether(settlement['refunded_wei'])} ETH")
    console.print(table)
    people = Table(title="Who did what", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for heading in ("#", "Account", "Role", "Rows", "Share", "Pay (ETH)"):
        people.add_column(heading, no_wrap=True)
    for owner in summary["owners"]:
        share = f"{owner['contribution']:.1%}" if owner["role"] == "trainer" else "–"
        cells = (owner["index"], owner["address"], owner["role"], owner["rows"], share, _ether(owner["paid_wei"]))
        people.add_row(*map(str, cells))
    aggregator = summary["aggregator"]
    people.add_row("–", aggregator["address"], "aggregator", "–", "–", _ether(aggregator["paid_wei"]))
    console.print(people)
    console.print(f"Transactions at {summary['contract']['address']}", style="bold")
    width = max(len(item["event"]) for item in summary["transactions"])
    for item in summary["transactions"]:
        console.print(f"  {item['event']:<{width}}  {item['tx']}", soft_wrap=True)
    phases = Table("Phase", "Seconds", title="Time", title_style="bold")
    for phase, value in seconds.items():
        phases.add_row(phase, f"{value:.1f}")
    console.print(phases)


def _ether(wei: str) -> str:
    return f"{Decimal(wei) / 10**18:.6f}"
