"""What came out of a demo: one object for machines, tables for people.

The object is an interface that others build on; its fields are described in docs/architecture.md. What is common to all kinds of
computation is put together here, the rest by the kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commons.computations.job_facts import Pay
from commons.computations.registry import BY_KIND
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds import DemoJob
from deltaml.demo.kinds.base import RowIndexes
from deltaml.demo.options import DemoOptions
from deltaml.demo.settlement import Settled, paid_owners, read_settlement
from deltaml.demo.world import World


def summarise(
    options: DemoOptions,
    world: World,
    job: DemoJob,
    parts: Sequence[RowIndexes],
    finished: FinishedJob,
    *,
    setup_s: float,
    total_s: float,
) -> dict[str, Any]:
    """The summary of a demo whose job finished.

    Args:
        options: of the demo.
        world: where it ran.
        job: what was computed.
        parts: the owners' rows, in their order.
        finished: what came of it.
        setup_s: seconds until everything ran.
        total_s: seconds of the whole demo.
    """
    chain = read_settlement(world, int(finished.job["job_id"]))
    pay = BY_KIND[job.kind].pay
    owners = paid_owners([owner.address for owner in world.owners], list(map(len, parts)), chain, pay)
    return {
        "state": finished.job["stage"],
        "kind": job.kind,
        "pay_rule": pay.value,
        "job_id": finished.job["job_id"],
        **job.summarise(finished, owners, parts),
        "key_bits": options.key_bits,
        "seed": options.seed,
        "owners": owners,
        "aggregator": {"address": world.aggregator_address, "paid_wei": str(chain.quote.aggregator)},
        "buyer": {"address": world.buyer.address, "refunded_wei": str(chain.settled.refunded_wei)},
        "settlement": _settlement(options, chain),
        "transactions": _transactions(finished.job, job.delivered),
        "contract": {"address": world.contract_address, "rpc_url": world.rpc_url},
        "seconds": _seconds(finished, setup_s, total_s),
    }


def _settlement(options: DemoOptions, chain: Settled) -> dict[str, str]:
    return {
        "deposit_wei": str(options.deposit_wei),
        "paid_wei": str(chain.settled.paid_wei),
        "refunded_wei": str(chain.settled.refunded_wei),
        "tx": chain.settled.tx_hash,
    }


def _seconds(finished: FinishedJob, setup_s: float, total_s: float) -> dict[str, float]:
    entered = finished.entered
    seconds = {
        "setup": setup_s,
        "recruiting": entered["running"] - entered["recruiting"],
        "training": entered["settling"] - entered["running"],
        "settlement": entered["finished"] - entered["settling"],
        "total": total_s,
    }
    return {phase: round(value, 3) for phase, value in seconds.items()}


def _transactions(job: Mapping[str, Any], delivered: str) -> list[dict[str, str]]:
    """Every transaction of the job, in order: deposit, start, checkpoints, delivery, settlement."""
    live = job["live"]
    deposit = next(item["tx_hash"] for item in job["timeline"] if item["tx_hash"])
    listed = [("deposit escrowed", deposit), ("owners enrolled", live["transactions"]["start"])]
    listed += [
        (f"checkpoint {one['checkpoint']} (round {one['round']})", one["tx_hash"])
        for one in job["milestones"]
        if one["code"] == "checkpoint"
    ]
    listed.append((f"masked {delivered} delivered", live["transactions"]["delivery"]))
    listed.append((f"{delivered} released, everybody paid", live["transactions"]["finalize"]))
    return [{"event": event, "tx": tx} for event, tx in listed]


def show(console: Console, job: DemoJob, summary: Mapping[str, Any]) -> None:
    """Print the summary for people."""
    settlement, seconds = summary["settlement"], summary["seconds"]
    table = Table(title=f"Job {summary['job_id']} is {summary['state']}", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column()
    for name, text in job.facts(summary):
        table.add_row(escape(name), escape(text))
    table.add_row("Deposit", f"{_ether(settlement['deposit_wei'])} ETH")
    table.add_row("Paid / refunded", f"{_ether(settlement['paid_wei'])} / {_ether(settlement['refunded_wei'])} ETH")
    for one in (table, *job.tables(summary), _people(summary)):
        console.print(one)
    console.print(f"Transactions at {summary['contract']['address']}", style="bold")
    width = max(len(item["event"]) for item in summary["transactions"])
    for item in summary["transactions"]:
        console.print(f"  {item['event']:<{width}}  {item['tx']}", soft_wrap=True)
    phases = Table("Phase", "Seconds", title="Time", title_style="bold")
    for phase, value in seconds.items():
        phases.add_row(job.phase if phase == "training" else phase, f"{value:.1f}")
    console.print(phases)


def _people(summary: Mapping[str, Any]) -> Table:
    people = Table(title="Who did what", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for heading in ("#", "Account", "Role", "Rows", "Share", "Pay (ETH)"):
        people.add_column(heading, no_wrap=True)
    all_contribute = summary["pay_rule"] == Pay.PER_ANSWER
    for owner in summary["owners"]:
        share = f"{owner['contribution']:.1%}" if all_contribute or owner["role"] == "trainer" else "–"
        cells = (owner["index"], owner["address"], owner["role"], owner["rows"], share, _ether(owner["paid_wei"]))
        people.add_row(*map(str, cells))
    aggregator = summary["aggregator"]
    people.add_row("–", aggregator["address"], "aggregator", "–", "–", _ether(aggregator["paid_wei"]))
    return people


def _ether(wei: str) -> str:
    return f"{Decimal(wei) / 10**18:.6f}"
