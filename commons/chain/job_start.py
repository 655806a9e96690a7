"""The start of a job as its members learn of it: from the chain who they are, from themselves what they declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from commons.chain.event_log import EventLog
from commons.chain.jobs import JobStarted
from commons.chain.signing import SigningDomain, recover_declaration
from commons.errors import ServiceUnavailable
from commons.market.declaration import Declaration, SignedDeclaration, check_declarations
from commons.storage.database import Database


def confirmed_start(database: Database, events: EventLog, job_id: int, follow: Callable[[], object]) -> JobStarted:
    """Return with whom a job started, by its confirmed event.

    Args:
        database: of the service.
        events: the contract's, in that database.
        job_id: the job's number on chain.
        follow: looks at the chain for new events; asked for once if the start is not known yet.

    Raises:
        ServiceUnavailable: no confirmed event says that it has started.
    """
    for look in (False, True):
        if look:
            # The aggregator may have seen the start a moment earlier.
            follow()
        with database.snapshot() as session:
            started = events.started(session, job_id)
        if started is not None:
            return started
    raise ServiceUnavailable(f"job {job_id}: its start is not confirmed on chain yet", job_id=job_id)


def declarations_of(
    started: JobStarted,
    shown: Iterable[SignedDeclaration],
    domain: SigningDomain,
    *,
    role_seed: int,
    n_trainers: Callable[[int], int],
) -> dict[str, Declaration]:
    """Return what the members of a started job declared, by member, having checked their signatures and the draw of roles.

    Args:
        started: trainers and validators, as the contract has them.
        shown: what the aggregator shows.
        domain: chain and contract that the signatures are for.
        role_seed: from the specification.
        n_trainers: how many of so many owners train.

    Raises:
        ProtocolViolation: as `check_declarations`.
    """
    return check_declarations(
        shown,
        started.trainers,
        started.validators,
        role_seed=role_seed,
        recover=lambda owner, digest, signature: recover_declaration(domain, started.job_id, owner, digest, signature),
        n_trainers=n_trainers,
    )
