"""`/v1/offers`: the aggregator's jobs as this owner sees them, and what it does about them."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.web.app import BEARER, json_response
from data_owner.api.schemas import AcceptBody, JobPath, StatusQuery, WithdrawBody
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.commitments import Commitments
from data_owner.services.offers import Offer, OfferList, Offers


def offers_blueprint(offers: Offers, commitments: Commitments) -> APIBlueprint:
    """The routes of offers."""
    blueprint = APIBlueprint(
        "offers", __name__, url_prefix="/v1/offers", abp_tags=[Tag(name="offers")], abp_security=BEARER
    )

    @blueprint.get("", responses={HTTPStatus.OK: OfferList})
    def list_offers(query: StatusQuery) -> Response:
        """All offers, newest job first, matched against this owner's datasets."""
        return json_response(offers.list(query.status))

    @blueprint.get("/<int:job_id>", responses={HTTPStatus.OK: Offer})
    def get_offer(path: JobPath) -> Response:
        """One offer."""
        return json_response(offers.get(path.job_id))

    @blueprint.post("/<int:job_id>/accept", responses={HTTPStatus.OK: Offer})
    def accept(path: JobPath, body: AcceptBody) -> Response:
        """Accept a job: terms are compared with the chain, the data is checked, the terms are signed."""
        request = AcceptRequest(dataset_id=body.dataset_id, roles=body.roles, column_mapping=body.column_mapping)
        return json_response(commitments.accept(path.job_id, request))

    @blueprint.post("/<int:job_id>/decline", responses={HTTPStatus.OK: Offer})
    def decline(path: JobPath) -> Response:
        """Decline a job; it can still be accepted while it recruits."""
        return json_response(offers.decline(path.job_id))

    @blueprint.post("/<int:job_id>/withdraw", responses={HTTPStatus.OK: Offer})
    def withdraw(path: JobPath, body: WithdrawBody) -> Response:
        """Take an acceptance back before the job starts."""
        return json_response(commitments.withdraw(path.job_id, revoke_on_chain=body.revoke_on_chain))

    return blueprint
