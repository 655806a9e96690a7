"""`/v1/split-preview`: what a deposit would pay to whom, before anybody commits to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Self

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field, field_validator, model_validator

from commons.computations.registry import BY_KIND
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS, PayTerms
from commons.market.payout import BPS
from commons.market.split_preview import SplitPreview, preview_split
from commons.web.app import BEARER, live_response


class SplitQuery(PayTerms):
    """A deposit, how many owners take part in a job of which kind, and by how much the MSE falls."""

    deposit_wei: int = Field(gt=0, lt=2**128)
    owners: int = Field(ge=2, le=MAX_TRAINERS + MAX_VALIDATORS)
    improvement_percent: float = Field(default=100.0, ge=0, le=100)

    kind: str = Field(default="linear_regression", max_length=100, description="Of computation")

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in BY_KIND:
            raise ValueError(f"expected a computation that is known here: {', '.join(sorted(BY_KIND))}")
        return kind

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.trainer_bps + self.validator_bps + self.aggregator_bps > BPS:
            raise ValueError(f"trainer_bps: with validator_bps and aggregator_bps it must not exceed {BPS}")
        return self


def split_preview_blueprint() -> APIBlueprint:
    """The route."""
    blueprint = APIBlueprint("split", __name__, url_prefix="/v1", abp_tags=[Tag(name="pay")], abp_security=BEARER)

    @blueprint.get("/split-preview", responses={HTTPStatus.OK: SplitPreview})
    def preview(query: SplitQuery) -> Response:
        """The split of a deposit among owners that contribute alike, by the contract's rule."""
        pay = PayTerms(**query.model_dump(include=set(PayTerms.model_fields)))
        n_trainers = BY_KIND[query.kind].roles.n_trainers
        return live_response(preview_split(query.deposit_wei, query.owners, query.improvement_percent, pay, n_trainers))

    return blueprint
