"""`/v1/board`: what the public pages show, for anybody and not too often."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint
from flask_openapi3 import Tag as ApiTag
from pydantic import Field

from commons.market.catalogue import MOST_TAGS, Tag
from commons.market.state import JobState
from commons.web.app import live_response
from commons.web.paging import PublicPageQuery
from commons.web.rate_limit import RateLimit
from federated_aggregator.api.schemas import JobPath
from federated_aggregator.services.board import Board, JobFilter
from federated_aggregator.services.board_views import BoardDatasets, BoardGroup, BoardJob, BoardJobs, Overview
from federated_aggregator.services.catalogue import DatasetFilter

REQUESTS_PER_S = 20
BURST = 100


class BoardPage(PublicPageQuery):
    """A text to look for, and which part of what is found."""

    query: str = Field(default="", max_length=200)


class JobsQuery(BoardPage):
    """Only jobs of this group and state."""

    group: BoardGroup | None = None
    state: JobState | None = None


class DatasetsQuery(BoardPage):
    """Only datasets with all these tags."""

    tag: list[Tag] = Field(default=[], max_length=MOST_TAGS, description="Repeat it for several")


def board_blueprint(board: Board, limit: RateLimit | None = None) -> APIBlueprint:
    """The routes; each address may ask about `REQUESTS_PER_S` times a second, unless another limit is given."""
    allowance = limit or RateLimit(per_s=REQUESTS_PER_S, burst=BURST)
    api = APIBlueprint("board", __name__, url_prefix="/v1/board", abp_tags=[ApiTag(name="board")])
    api.before_request(allowance.take_for_request)

    @api.get("", responses={HTTPStatus.OK: Overview})
    def overview() -> Response:
        """The chain, the health of the parts, and how much there is of everything."""
        return live_response(board.overview())

    @api.get("/jobs", responses={HTTPStatus.OK: BoardJobs})
    def jobs(query: JobsQuery) -> Response:
        """Jobs with their public metrics, newest first."""
        wanted = JobFilter(query.group, query.state, query.query)
        return live_response(board.jobs(wanted, limit=query.limit, offset=query.offset))

    @api.get("/jobs/<int:job_id>", responses={HTTPStatus.OK: BoardJob})
    def job(path: JobPath) -> Response:
        """One job with its terms and its metric so far."""
        return live_response(board.job(path.job_id))

    @api.get("/datasets", responses={HTTPStatus.OK: BoardDatasets})
    def datasets(query: DatasetsQuery) -> Response:
        """The catalogue: names, tags, columns and row counts, never a value."""
        wanted = DatasetFilter(query.query, query.tag)
        return live_response(board.datasets(wanted, limit=query.limit, offset=query.offset))

    return api
