"""Looks after the money of a whole world: nobody is paid twice, and everybody can take out what is owed."""

from __future__ import annotations

import time
from collections.abc import Callable

from commons.chain.jobs import Credit
from commons.chain.marketplace import Marketplace
from commons.chain.transactions import balance_wei
from commons.errors import NotFound, ServiceUnavailable
from deltaml.demo.world import Member, World


class Money:
    """What the contract owes for its jobs, checked to the wei and taken out through everybody's own service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.market = Marketplace(world.rpc_url, world.contract_address)

    def wait_until(self, condition: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
        """Look until something is so; a service or node that is away meanwhile is no news."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if condition():
                    return
            except (ServiceUnavailable, NotFound) as error:
                what = f"{what.partition(' (')[0]} ({error.message})"
            assert time.monotonic() < deadline, f"still waiting for {what}"
            time.sleep(0.2)

    def assert_paid_once(self, job_id: int) -> list[Credit]:
        """Nobody was credited twice in one role, and the whole deposit was."""
        credited = self.market.credited(job_id)
        assert len({(one.payee, one.role) for one in credited}) == len(credited)
        assert sum(one.amount_wei for one in credited) == self.market.job(job_id).deposit_wei
        assert self.market.escrowed_wei(job_id) == 0
        return credited

    def wait_until_services_agree(self, job_id: int) -> None:
        """The service of every owner that took part shows as settled exactly what the contract credited to it."""
        members = {*self.market.trainers(job_id), *self.market.validators(job_id)}
        for owner in (one for one in self._world.owners if one.address in members):
            paid = sum(one.amount_wei for one in self.market.credited(job_id) if one.payee == owner.address)

            def agrees(owner: Member = owner, paid: int = paid) -> bool:
                shown = {one["job_id"]: one for one in owner.session.get("/v1/earnings")["jobs"]}
                return job_id in shown and shown[job_id]["settled"] and int(shown[job_id]["pay_wei"]) == paid

            self.wait_until(agrees, f"{owner.login.name} to show its pay")

    def withdraw_everything(self) -> None:
        """Owners and buyer take out all that they are owed, once each; what is left is the aggregator's."""
        for member in (*self._world.owners, self._world.buyer):
            if self.market.owed_wei(member.address):
                member.session.post("/v1/withdrawals", {})
        for member in (*self._world.owners, self._world.buyer):
            self.wait_until(
                lambda member=member: self.market.owed_wei(member.address) == 0, f"{member.login.name}'s withdrawal"
            )
        assert self.market.total_escrowed_wei() == 0
        assert self.market.total_owed_wei() == self.market.owed_wei(self._world.aggregator_address)
        assert balance_wei(self.market.connection, self.market.contract_address) == self.market.total_owed_wei()
