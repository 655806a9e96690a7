"""Serving a service's web pages: the files that `make ui` builds into `ui/dist/<face>/`.

Files under `assets/` have a digest of what they hold in their name, so browsers may keep them for good; `index.html` names
them and is asked for anew each time. A path that is no file is one of the application's own addresses and gets
`index.html` as well. Where `NAME.br` or `NAME.gz` lies beside a file, a browser that takes it gets that.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.security import safe_join

from commons.errors import ServiceUnavailable

YEAR_S = 31_536_000
_INDEX = "index.html"
_NOT_PAGES = ("v1", "openapi", "healthz", "readyz", "assets")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# Not left to the machine's own tables: browsers run a script only when its type says that it is one.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>DeltaML: pages not built</title></head>
<body>
<h1>The web pages are not built</h1>
<p>Run <code>make ui</code> in the project's folder, then load this page again.</p>
<p>The HTTP API works without them: <a href="/openapi">its documentation</a>.</p>
<div lang="es">
<h2>Las páginas no están construidas</h2>
<p>Ejecute <code>make ui</code> en la carpeta del proyecto y vuelva a cargar esta página.</p>
<p>La API HTTP funciona sin ellas: <a href="/openapi">su documentación</a>.</p>
</div>
</body>
</html>
"""


def serve_pages(app: Flask, folder: Path) -> None:
    """Serve the built pages in `folder` at `/`, beside the routes that `app` has."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/", defaults={"path": ""})
    @blueprint.get("/<path:path>")
    def page(path: str) -> Response:
        first = path.partition("/")[0]
        if (file := _file(folder, path)) is not None:
            return _send(file, immutable=first == "assets")
        # Not `*/*`, which scripts and programs send: a missing image is not answered with a page.
        wants_page = any(kind == "text/html" for kind, _ in request.accept_mimetypes)
        if first in _NOT_PAGES or (path and not wants_page):
            raise PageNotFound
        return _index(folder, wants_page=wants_page)

    app.register_blueprint(blueprint)


def _index(folder: Path, *, wants_page: bool) -> Response:
    if (index := _file(folder, _INDEX)) is not None:
        return _send(index, immutable=False)
    if not wants_page:
        raise ServiceUnavailable("the web pages are not built; run `make ui`")
    return Response(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, content_type=_TYPES[".html"])


def _file(folder: Path, path: str) -> Path | None:
    joined = safe_join(str(folder), path)
    found = None if not path or joined is None else Path(joined)
    return found if found is not None and found.suffix in _TYPES and _is_file(found) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # No file can have this name: it is too long, say.
        return False


def _send(file: Path, *, immutable: bool) -> Response:
    encoding, chosen = next(
        (
            (name, packed)
            for name, suffix in _ENCODINGS
            if request.accept_encodings.quality(name) > 0 and _is_file(packed := file.with_name(file.name + suffix))
        ),
        (None, file),
    )
    response = Response(chosen.read_bytes(), content_type=_TYPES[file.suffix])
    if encoding is not None:
        response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if immutable else "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
