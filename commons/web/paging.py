"""Which part of a long list an answer holds."""

from __future__ import annotations

from pydantic import BaseModel, Field

MAX_PAGE = 1000


class PageQuery(BaseModel):
    """`limit` items from number `offset` on; all of them without a limit."""

    limit: int | None = Field(default=None, ge=1, le=MAX_PAGE)
    offset: int = Field(default=0, ge=0, lt=2**31)
