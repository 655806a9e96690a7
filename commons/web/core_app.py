"""What the processes of one service share: its configuration and its database, on a Flask app that has no routes yet.

Flask-SQLAlchemy keeps engines by app, so there is one app for the whole service. Background processes work with its database;
the web server adds its routes to this very app (`commons.web.app.create_api`).
"""

from __future__ import annotations

from typing import Any

from flask.json.provider import DefaultJSONProvider
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel

from commons.web.errors import validation_response


class Problem(BaseModel):
    """Every answer of 400 and above (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    fields: dict[str, object]
    request_id: str


class _Json(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class CoreApp(OpenAPI):
    """A Flask app without routes."""

    json_provider_class = _Json

    def __init__(self) -> None:
        super().__init__(
            __name__,
            security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
            validation_error_model=Problem,
            validation_error_callback=validation_response,
            doc_ui=False,
            # Files of a service's front end are served by its own blueprint.
            static_folder=None,
        )

    def add_documentation(self) -> None:
        """Serve the OpenAPI document and pages to browse it; it takes milliseconds, which only a web server needs to spend."""
        self._init_doc()

    def generate_spec_json(self) -> None:
        """Make the document of what is registered."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]
        content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                # The library documents a list of pydantic's errors, which is not what is sent.
                operation["responses"].pop(self.validation_error_status, None)
                operation["responses"]["default"] = {"description": "a problem", "content": content}
