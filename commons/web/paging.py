"""Which part of a long list an answer holds."""

from __future__ import annotations

from pydantic import Field

from commons.web.query import Query

MAX_PAGE = 1000
PUBLIC_PAGE = 25
MAX_PUBLIC_PAGE = 50
"""Of a list that anybody may ask for."""


class PageQuery(Query):
    """`limit` items from number `offset` on; all of them without a limit."""

    limit: int | None = Field(default=None, ge=1, le=MAX_PAGE)
    offset: int = Field(default=0, ge=0, lt=2**31)


class PublicPageQuery(Query):
    """`limit` items from number `offset` on, of a list that is for everybody and so is never given whole."""

    limit: int = Field(default=PUBLIC_PAGE, ge=1, le=MAX_PUBLIC_PAGE)
    offset: int = Field(default=0, ge=0, lt=2**31)
