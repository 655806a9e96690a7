"""Transactions of a job that failed and are sent again: less and less often, and with the reason where everybody sees it.

How often one was tried, and when it failed, is read from the outbox, so that a restart does not begin to count anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from commons.chain.outbox import MONEY_PAUSES, RetryPauses
from commons.chain.reverts import refusal_in_words
from federated_aggregator.services.chain_port import ChainPort, Sending, Sent
from federated_aggregator.services.job_run import Clock, JobRun

SILENT = "Reverted"
"""The reason of a call that the contract refused without one."""

PAUSES = RetryPauses(first_s=15.0, longest_s=3600.0)
"""Between two tries of what a job needs in order to go on."""


@dataclass(frozen=True)
class Retries:
    """Sends failed transactions again.

    Attributes:
        chain: the outbox.
        clock: time in Unix seconds.
    """

    chain: ChainPort
    clock: Clock

    def sent(self, run: JobRun, name: str) -> Sent | None:
        """The latest try of one of the job's transactions."""
        key = run.job.transactions.get(name)
        return self.chain.sent(run.session, key) if key else None

    def failed(self, run: JobRun, name: str) -> Sent | None:
        """The latest try if it failed."""
        sent = self.sent(run, name)
        return sent if sent is not None and sent.sending is Sending.FAILED else None

    def again(self, run: JobRun, name: str, what: str, *, until: float) -> None:
        """Queue a failed transaction once more when it is time, and not after `until`; say meanwhile what failed."""
        failed = self.failed(run, name)
        if failed is None:
            return
        if self.clock() > until:
            run.job.trouble = refused(what, failed)
            return
        run.job.trouble = f"{refused(what, failed)}; it is tried again, less and less often"
        tries = self.chain.tries(run.session, run.job.job_id, name)
        # A node that was behind has mostly caught up by now, and what it refused by name has cost nothing.
        at_once = tries == 1 and failed.reason != SILENT
        if at_once or self._is_over(failed, PAUSES.after(tries)):
            key = self.chain.enqueue_again(run.session, run.job.job_id, name, run.job.transactions[name])
            run.job.transactions = {**run.job.transactions, name: key}

    def insist(self, run: JobRun, name: str, what: str, enqueue: Callable[[Session, int], str]) -> None:
        """Queue a transaction that gets money out; after a failure again, now and then, for as long as it takes."""
        sent = self.sent(run, name)
        if sent is not None and sent.sending is not Sending.FAILED:
            return
        if sent is not None:
            run.job.trouble = f"{refused(what, sent)}; it is tried again, less and less often"
            tries = self.chain.tries(run.session, run.job.job_id, name)
            if not self._is_over(sent, MONEY_PAUSES.after(tries)):
                return
        run.job.transactions = {**run.job.transactions, name: enqueue(run.session, run.job.job_id)}

    def _is_over(self, failed: Sent, pause_s: float) -> bool:
        return self.clock() - (failed.failed_at or 0.0) >= pause_s


def refused(what: str, failed: Sent) -> str:
    """What the contract refused and why, in words."""
    return f"the contract refused {what}: {refusal_in_words(failed.reason or '')}"
