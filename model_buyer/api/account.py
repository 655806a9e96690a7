"""`/v1/account`, `/v1/withdrawals`: the buyer's money."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.web.app import BEARER, json_response, live_response
from model_buyer.api.schemas import Account, Withdrawal, WithdrawalList, WithdrawalRequest
from model_buyer.api.views import withdrawal
from model_buyer.services.account_balance import account_balance
from model_buyer.services.buyer import Buyer
from model_buyer.services.withdraw import list_withdrawals, request_withdrawal


def account_blueprint(buyer: Buyer) -> APIBlueprint:
    """The routes about the account."""
    blueprint = APIBlueprint("account", __name__, url_prefix="/v1", abp_tags=[Tag(name="account")], abp_security=BEARER)

    @blueprint.get("/account", responses={HTTPStatus.OK: Account})
    def show_account() -> Response:
        """Address, balance, and what can be withdrawn."""
        return live_response(Account.model_validate(account_balance(buyer)))

    @blueprint.post("/withdrawals", responses={HTTPStatus.ACCEPTED: Withdrawal})
    def withdraw(body: WithdrawalRequest) -> Response:
        """Withdraw everything that the contract owes to this account."""
        return json_response(withdrawal(request_withdrawal(buyer, body.to)), HTTPStatus.ACCEPTED)

    @blueprint.get("/withdrawals", responses={HTTPStatus.OK: WithdrawalList})
    def show_withdrawals() -> Response:
        """All withdrawals, newest first."""
        shown = [withdrawal(sent, amount_wei) for sent, amount_wei in list_withdrawals(buyer)]
        return live_response(WithdrawalList(withdrawals=shown))

    return blueprint
