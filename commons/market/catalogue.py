"""An entry of the aggregator's catalogue, and how large one may be: what owners send, and what anybody is shown.

Everybody who has an account can list datasets, and everybody at all can look through them, so all of it is bounded: each
text, the number of tags and columns, and an entry as a whole. Owners' services take files within the same bounds.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from commons.messages import FrozenModel

MOST_COLUMNS = 2000
LONGEST_COLUMN_NAME = 200
"""As long as the name of a job's feature can be."""
LONGEST_NAME = 200
LONGEST_DESCRIPTION = 5000
MOST_TAGS = 50
LONGEST_TAG = 100
MOST_ENTRY_BYTES = 96 * 2**10
"""Of an entry as JSON: enough for 2,000 columns with names of some twenty letters."""

Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]


class CatalogueColumn(FrozenModel):
    """A column of a dataset: its name and type, no value."""

    name: str = Field(min_length=1, max_length=LONGEST_COLUMN_NAME)
    type: str = Field(max_length=50)


class CatalogueEntry(FrozenModel):
    """Public metadata of a dataset: no value of any cell, so no ranges either."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    description: str = Field(default="", max_length=LONGEST_DESCRIPTION)
    tags: tuple[Tag, ...] = Field(default=(), max_length=MOST_TAGS)
    columns: tuple[CatalogueColumn, ...] = Field(max_length=MOST_COLUMNS)
    row_count: int = Field(ge=0, lt=2**62)

    @model_validator(mode="after")
    def _small_enough(self) -> Self:
        if self.size_bytes > MOST_ENTRY_BYTES:
            raise ValueError(
                f"columns: the entry has {self.size_bytes} bytes as JSON; expected at most {MOST_ENTRY_BYTES}, "
                "with shorter names or fewer columns"
            )
        return self

    @property
    def size_bytes(self) -> int:
        """Length of the entry as JSON in UTF-8."""
        return len(self.model_dump_json().encode())
