"""`/v1/account`, `/v1/withdrawals`: the buyer's money."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.web.app import BEARER, json_response, live_response
from model_buyer.api.schemas import Account, Withdrawal, WithdrawalList, WithdrawalRequest
from model_buyer.api.views import account, withdrawal
from model_buyer.services.account_balance import account_balance
from model_buyer.services.withdraw import PREFIX, request_withdrawal
from model_buyer.wiring import Assembly


def account_blueprint(parts: Assembly) -> APIBlueprint:
    """The routes about the account."""
    blueprint = APIBlueprint("account", __name__, url_prefix="/v1", abp_tags=[Tag(name="account")], abp_security=BEARER)

    @blueprint.get("/account", responses={HTTPStatus.OK: Account})
    def show_account() -> Response:
        """Address, balance, and what can be withdrawn."""
        return live_response(
            account(parts.address, account_balance(parts.address, snapshot=parts.snapshot, chain=parts.chain))
        )

    @blueprint.post("/withdrawals", responses={HTTPStatus.ACCEPTED: Withdrawal})
    def withdraw(body: WithdrawalRequest) -> Response:
        """Withdraw everything that the contract owes to this account."""
        sent = request_withdrawal(body.to, unit_of_work=parts.unit_of_work, chain=parts.chain, address=parts.address)
        return json_response(withdrawal(sent), HTTPStatus.ACCEPTED)

    @blueprint.get("/withdrawals", responses={HTTPStatus.OK: WithdrawalList})
    def list_withdrawals() -> Response:
        """All withdrawals, newest first."""
        with parts.snapshot() as repository:
            sent = repository.sent_with_prefix(PREFIX)
        taken = {one.tx_hash: one.amount_wei for one in parts.reads.withdrawn(parts.address)}
        return live_response(
            WithdrawalList(withdrawals=[withdrawal(one, taken.get(one.tx_hash or "")) for one in sent])
        )

    return blueprint
