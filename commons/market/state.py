"""The life of a job, whatever is computed.

::

    posted → recruiting → running → settling → finished
       └──────────┴──────────┴─────────┴→ cancelled | expired | failed
"""

from __future__ import annotations

from enum import StrEnum

from commons.errors import Conflict


class JobState(StrEnum):
    """Where a job stands."""

    POSTED = "posted"  # known to the aggregator, not yet seen on chain
    RECRUITING = "recruiting"  # offered to data owners
    RUNNING = "running"  # roles are on chain; what was asked for is computed
    SETTLING = "settling"  # the computation is over; the chain pays
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # settled on the last checkpoint after finish_by
    FAILED = "failed"


ENDED = frozenset({JobState.FINISHED, JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED})

_TRANSITIONS = {
    JobState.POSTED: {JobState.RECRUITING, JobState.CANCELLED, JobState.FAILED},
    JobState.RECRUITING: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    # A failed job's money still leaves the contract: by expiry, or by a settlement that was on its way already.
    JobState.RUNNING: {JobState.SETTLING, JobState.EXPIRED, JobState.FAILED},
    JobState.SETTLING: {JobState.FINISHED, JobState.EXPIRED, JobState.FAILED},
    JobState.FAILED: {JobState.FINISHED, JobState.EXPIRED, JobState.CANCELLED},
    JobState.FINISHED: set(),
    JobState.CANCELLED: set(),
    JobState.EXPIRED: set(),
}


def require_move(state: JobState, to: JobState) -> None:
    """Return if a job in one state can get to another; raises Conflict if not."""
    if to not in _TRANSITIONS[state]:
        raise Conflict(f"a job that is {state} cannot become {to}", state=state)
