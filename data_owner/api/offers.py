"""`/v1/offers`: the aggregator's jobs as this owner sees them, and what it does about them."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.web.app import BEARER, json_response, live_response
from data_owner.api.schemas import AcceptBody, JobPath, MatchBody, OffersQuery, RolesQuery, WithdrawBody
from data_owner.services.commitments import Commitments
from data_owner.services.dataset_match import DatasetMatch
from data_owner.services.earnings import EarningsBook
from data_owner.services.offer_views import JobProgress, Offer, OfferList
from data_owner.services.offers import Offers
from data_owner.services.terms_to_sign import TermsPreview, TermsToSign


def offers_blueprint(
    offers: Offers, commitments: Commitments, terms: TermsPreview, earnings: EarningsBook
) -> APIBlueprint:
    """The routes of offers."""
    blueprint = APIBlueprint(
        "offers", __name__, url_prefix="/v1/offers", abp_tags=[Tag(name="offers")], abp_security=BEARER
    )

    _add_reads(blueprint, offers, terms, earnings)
    _add_decisions(blueprint, offers, commitments)
    return blueprint


def _add_reads(blueprint: APIBlueprint, offers: Offers, terms: TermsPreview, earnings: EarningsBook) -> None:
    @blueprint.get("", responses={HTTPStatus.OK: OfferList})
    def list_offers(query: OffersQuery) -> Response:
        """Offers, newest job first, matched against this owner's datasets."""
        return live_response(
            offers.list(query.status, query=query.query, limit=query.limit, offset=query.offset),
        )

    @blueprint.get("/<int:job_id>", responses={HTTPStatus.OK: Offer})
    def get_offer(path: JobPath) -> Response:
        """One offer with its terms, and each dataset against it, column by column."""
        return live_response(offers.get(path.job_id))

    @blueprint.get("/<int:job_id>/progress", responses={HTTPStatus.OK: JobProgress})
    def progress(path: JobPath) -> Response:
        """How a job comes along: round, metric, who is waited for, own contribution and pay so far."""
        return live_response(offers.progress(path.job_id, earnings.of_job))

    @blueprint.get("/<int:job_id>/terms", responses={HTTPStatus.OK: TermsToSign})
    def terms_to_sign(path: JobPath, query: RolesQuery) -> Response:
        """What accepting would sign, after comparing it with the chain."""
        return json_response(terms.of(path.job_id, query.roles))

    @blueprint.post("/<int:job_id>/match", responses={HTTPStatus.OK: DatasetMatch})
    def match(path: JobPath, body: MatchBody) -> Response:
        """See whether a dataset matches with other names for its columns; nothing is stored."""
        return json_response(offers.match(path.job_id, body.dataset_id, body.column_mapping))


def _add_decisions(blueprint: APIBlueprint, offers: Offers, commitments: Commitments) -> None:
    @blueprint.post("/<int:job_id>/accept", responses={HTTPStatus.OK: Offer})
    def accept(path: JobPath, body: AcceptBody) -> Response:
        """Accept a job: terms are compared with the chain, the data is checked, the terms are signed."""
        return json_response(commitments.accept(path.job_id, body.request()))

    @blueprint.post("/<int:job_id>/decline", responses={HTTPStatus.OK: Offer})
    def decline(path: JobPath) -> Response:
        """Decline a job; it can still be accepted while it recruits."""
        return json_response(offers.decline(path.job_id))

    @blueprint.post("/<int:job_id>/withdraw", responses={HTTPStatus.OK: Offer})
    def withdraw(path: JobPath, body: WithdrawBody) -> Response:
        """Take an acceptance back before the job starts."""
        return json_response(commitments.withdraw(path.job_id, revoke_on_chain=body.revoke_on_chain))
