"""`/v1/account`, `/v1/earnings`, `/v1/withdrawals`: what this owner has, earned and takes out."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.web.app import BEARER, json_response, live_response
from data_owner.api.schemas import WithdrawalBody, WithdrawalList
from data_owner.services.earnings import Account, Earnings, EarningsBook, Withdrawal


def earnings_blueprint(book: EarningsBook) -> APIBlueprint:
    """The routes of account and pay."""
    blueprint = APIBlueprint("earnings", __name__, url_prefix="/v1", abp_tags=[Tag(name="pay")], abp_security=BEARER)

    @blueprint.get("/account", responses={HTTPStatus.OK: Account})
    def account() -> Response:
        """Address, ether, and what the marketplace owes it."""
        return live_response(book.account())

    @blueprint.get("/earnings", responses={HTTPStatus.OK: Earnings})
    def earnings() -> Response:
        """Role, contribution and pay of every job."""
        return live_response(book.earnings())

    @blueprint.get("/withdrawals", responses={HTTPStatus.OK: WithdrawalList})
    def withdrawals() -> Response:
        """All withdrawals, newest first."""
        return live_response(WithdrawalList(withdrawals=book.withdrawals()))

    @blueprint.post("/withdrawals", responses={HTTPStatus.ACCEPTED: Withdrawal})
    def withdraw(body: WithdrawalBody) -> Response:
        """Withdraw everything owed; the transaction is sent after this answer."""
        return json_response(book.withdraw(body.to), HTTPStatus.ACCEPTED)

    return blueprint
