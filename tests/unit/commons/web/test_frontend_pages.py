"""Serving the built pages: files, the application's own addresses, caching, compression, and no page that is not there."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from commons.web.app import create_api
from commons.web.frontend import serve_pages

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
INDEX = '<!doctype html><title>Owner</title><script type="module" src="/assets/app-1a2b.js"></script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "owner"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "assets/app-1a2b.js").write_text("export {}")
    (built / "assets/app-1a2b.js.gz").write_bytes(gzip.compress(b"export {}"))
    (built / "assets/app-1a2b.css").write_text("a{}")
    (built / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.json").write_text("{}")
    return built


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    app = create_api("test", "1", readiness=list)
    app.add_url_rule("/v1/things", view_func=lambda: {"things": 1})
    serve_pages(app, folder)
    return app.test_client()


def test_the_front_page_is_asked_for_anew_each_time(client: FlaskClient) -> None:
    answer = client.get("/", headers=HTML)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, INDEX, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/", headers={**HTML, "If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_policy_allows_this_origin_and_nothing_inline(client: FlaskClient) -> None:
    policy = dict(
        part.strip().split(" ", 1)
        for part in client.get("/", headers=HTML).headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_files_with_a_digest_in_their_name_are_kept_for_good(client: FlaskClient) -> None:
    answer = client.get("/assets/app-1a2b.css")
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/favicon.svg").headers["Cache-Control"] == "no-cache"


def test_a_packed_file_goes_to_browsers_that_take_it(client: FlaskClient) -> None:
    packed = client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == b"export {}"
    plain = client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == "export {}"
    for answer in (packed, plain):
        assert answer.mimetype == "text/javascript"
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_the_applications_own_addresses_get_the_front_page(client: FlaskClient) -> None:
    for path in ("/datasets", "/offers/3/terms", "/v10"):
        assert client.get(path, headers=HTML).text == INDEX


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/v1/unknown", HTML["Accept"]),
        ("/openapi/nothing.png", HTML["Accept"]),
        ("/healthz/x", HTML["Accept"]),
        ("/assets/app-old.js", HTML["Accept"]),
        ("/datasets", "*/*"),
        ("/datasets", "application/json"),
        ("/picture.png", "image/png,*/*"),
    ],
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str, accept: str) -> None:
    answer = client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path", ["/../secret.json", "/%2e%2e/secret.json", "/assets/../../secret.json", "/..%2fsecret.json", "//etc/passwd"]
)
def test_no_path_leads_out_of_the_folder(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 308)
    assert answer.text != "{}"


def test_the_api_and_health_stay_where_they_are(client: FlaskClient) -> None:
    assert client.get("/v1/things", headers=HTML).get_json() == {"things": 1}
    assert client.get("/healthz", headers=HTML).status_code == 200


def test_pages_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    app = create_api("test", "1", readiness=list)
    serve_pages(app, tmp_path / "nowhere")
    client = app.test_client()
    page = client.get("/", headers=HTML)
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "make ui" in page.text
    assert "style=" not in page.text
    program = client.get("/")
    assert (program.status_code, program.get_json()["code"]) == (503, "service_unavailable")
    assert "make ui" in program.get_json()["detail"]


@pytest.mark.parametrize("name", ["a" * 253 + ".js", "assets/" + "a" * 300 + ".css", "a/" * 3000 + "b.png"])
def test_a_name_that_no_file_can_have_is_not_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/{name}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
