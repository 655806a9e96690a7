"""`/v1/split-preview`: what a deposit would pay to whom, before anybody commits to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Self

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field, field_validator, model_validator

from commons.computations.registry import BY_KIND
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS, PayTerms
from commons.market.payout import BPS
from commons.market.split_preview import SplitPreview, preview_split
from commons.web.app import BEARER, live_response
from commons.web.query import Query

_Bps = Annotated[int | None, Field(ge=0, le=BPS, description="As a job of this kind has it, if left out")]


class SplitQuery(Query):
    """A deposit, how many owners take part in a job of which kind, how it is split, and by how much the loss falls."""

    deposit_wei: int = Field(gt=0, lt=2**128)
    owners: int = Field(ge=2, le=MAX_TRAINERS + MAX_VALIDATORS)
    improvement_percent: float = Field(default=100.0, ge=0, le=100)
    trainer_bps: _Bps = None
    validator_bps: _Bps = None
    aggregator_bps: _Bps = None
    kind: str = Field(max_length=100, description="Of computation")

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in BY_KIND:
            raise ValueError(f"expected a computation that is known here: {', '.join(sorted(BY_KIND))}")
        return kind

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        pay = self.pay()
        if pay.trainer_bps + pay.validator_bps + pay.aggregator_bps > BPS:
            raise ValueError(f"trainer_bps: with validator_bps and aggregator_bps it must not exceed {BPS}")
        return self

    def pay(self) -> PayTerms:
        """How the deposit is split; what was not given as such a job has it."""
        usual = BY_KIND[self.kind].pay_terms(self.owners)
        given = self.model_dump(include=set(PayTerms.model_fields), exclude_none=True)
        return PayTerms.model_construct(**{**usual.model_dump(), **given})


def split_preview_blueprint() -> APIBlueprint:
    """The route."""
    blueprint = APIBlueprint("split", __name__, url_prefix="/v1", abp_tags=[Tag(name="pay")], abp_security=BEARER)

    @blueprint.get("/split-preview", responses={HTTPStatus.OK: SplitPreview})
    def preview(query: SplitQuery) -> Response:
        """The split of a deposit among owners that contribute alike, by the contract's rule."""
        n_trainers = BY_KIND[query.kind].roles.n_trainers
        split = preview_split(query.deposit_wei, query.owners, query.improvement_percent, query.pay(), n_trainers)
        return live_response(split)

    return blueprint
