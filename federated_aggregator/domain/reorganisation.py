"""Where a job goes on after a reorganisation of the chain has undone its end."""

from __future__ import annotations

from collections.abc import Container

from commons.market.state import JobState


def reopened(ended: JobState, entered: Container[str]) -> JobState:
    """The state of a job whose end (finished, expired or cancelled) did not happen after all.

    Training that the end had stopped cannot go on, since its open tasks were closed: that job has failed, and its money
    leaves the contract by expiry or cancellation.

    Args:
        ended: how it had ended.
        entered: the states that it had been in before.
    """
    if ended is JobState.FINISHED:
        return JobState.SETTLING
    for state in (JobState.FAILED, JobState.SETTLING):
        if state in entered:
            return state
    return JobState.FAILED if JobState.RUNNING in entered else JobState.RECRUITING
