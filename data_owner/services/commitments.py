"""Accepting and taking back, as one request does both: decide and store, then try to tell the aggregator at once."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from commons.errors import NotAuthenticated, ServiceUnavailable
from data_owner.services.acceptances import Acceptances, AcceptRequest
from data_owner.services.deliveries import Deliveries
from data_owner.services.offer_views import Offer
from data_owner.services.offers import Offers

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Commitments:
    """What an owner does about an offer.

    Attributes:
        acceptances: decides and stores.
        deliveries: tells the aggregator.
        offers: shows the outcome.
    """

    acceptances: Acceptances
    deliveries: Deliveries
    offers: Offers

    def accept(self, job_id: int, request: AcceptRequest) -> Offer:
        """Accept a job and hand the acceptance in; while the aggregator is away it stays due, and the job keeper hands it in.

        Raises:
            DeltaMLError: as `Acceptances.accept`, or what the aggregator refused it with.
        """
        self.acceptances.accept(job_id, request)
        self._deliver(job_id)
        return self.offers.get(job_id)

    def withdraw(self, job_id: int, *, revoke_on_chain: bool) -> Offer:
        """Take an acceptance back; raises as `Acceptances.withdraw`, or Conflict when the job has started meanwhile."""
        self.acceptances.withdraw(job_id, revoke_on_chain=revoke_on_chain)
        self._deliver(job_id)
        return self.offers.get(job_id)

    def _deliver(self, job_id: int) -> None:
        try:
            self.deliveries.deliver_acceptance(job_id)
        except (ServiceUnavailable, NotAuthenticated) as error:
            log.warning("aggregator_away", job_id=job_id, reason=error.message)
