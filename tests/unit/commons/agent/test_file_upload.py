"""A file is sent as browsers send it, in blocks, and announced with its length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from commons.agent.http_service import HttpService
from commons.agent.upload import FileUpload
from tests.doubles.serving import serving

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def service() -> Iterator[HttpService]:
    app = Flask("takes files")

    @app.post("/v1/files")
    def take() -> dict[str, Any]:
        sent = request.files["file"]
        return {
            "name": sent.filename,
            "whole": sent.read() == CONTENT,
            "fields": request.form.to_dict(),
            "token": request.headers["Authorization"],
        }

    with serving(app) as url:
        yield HttpService(url, name="the service", setting="--url")


@pytest.mark.parametrize("name", ["rows.csv", "größe.csv", "two words.parquet", "semi;colon.csv"])
def test_a_service_gets_the_file_under_its_name_with_the_fields(
    service: HttpService, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(CONTENT)
    fields = {"name": "Größe\r\n--", "tags": "a,b"}
    answer = service.upload("/v1/files", FileUpload(path, fields), token="t")
    assert answer == {"name": name, "whole": True, "fields": fields, "token": "Bearer t"}


def test_what_is_sent_is_as_long_as_announced_also_when_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(CONTENT)
    upload = FileUpload(path, {})
    with path.open("ab") as stream:
        stream.write(b"more")
    blocks = list(upload)
    assert sum(map(len, blocks)) == len(upload)
    assert max(map(len, blocks)) <= 1 << 18


def test_a_quote_in_a_name_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / 'a"; name="path.csv'
    path.write_bytes(b"a\n1\n")
    head = next(iter(FileUpload(path, {})))
    assert b'filename="a%22; name=%22path.csv"' in head
