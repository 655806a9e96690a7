"""Query strings' models."""

from __future__ import annotations

from pydantic import BaseModel, Field

from commons.web.query import Query


class Page(Query):
    """A page."""

    limit: int = Field(default=3, ge=1)
    column: list[str] = Field(default=[])


class Plain(BaseModel):
    """A page."""

    limit: int = Field(default=3, ge=1)
    column: list[str] = Field(default=[])


def test_the_schema_is_pydantics_and_made_once_for_each_model() -> None:
    schema = Page.model_json_schema()
    assert schema["properties"] == Plain.model_json_schema()["properties"]
    assert Page.model_json_schema() is schema

    class Other(Page):
        """Another one."""

        offset: int = 0

    assert "offset" in Other.model_json_schema()["properties"]


def test_with_options_it_is_made_for_them() -> None:
    assert Page.model_json_schema(mode="serialization") is not Page.model_json_schema(mode="serialization")
