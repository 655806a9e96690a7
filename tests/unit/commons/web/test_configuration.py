"""Settings from options and environment, and all that is wrong with them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from commons.errors import InvalidInput
from commons.web.configuration import ConfigurationReader


def test_an_option_wins_over_the_environment_and_that_over_the_default() -> None:
    environment = {"DELTAML_PORT": "2", "DELTAML_HOST": "0.0.0.0"}
    reader = ConfigurationReader({"port": 1, "host": None}, environment)
    assert reader.integer("port", 3) == 1
    assert reader.text("host", "127.0.0.1") == "0.0.0.0"
    assert reader.integer("threads", 3) == 3
    reader.finish()


@pytest.mark.parametrize(("raw", "expected"), [("yes", True), ("TRUE", True), ("0", False), ("off", False)])
def test_switches(raw: str, expected: bool) -> None:
    assert ConfigurationReader({}, {"DELTAML_UNSAFE": raw}).flag("unsafe") is expected


def test_a_switch_that_was_not_given_on_the_command_line_is_taken_from_the_environment() -> None:
    assert ConfigurationReader({"unsafe": False}, {"DELTAML_UNSAFE": "1"}).flag("unsafe") is True
    assert ConfigurationReader({"unsafe": False}, {}).flag("unsafe") is False


def test_all_errors_are_reported_together_and_name_their_settings() -> None:
    reader = ConfigurationReader({"port": "70000", "aggregator_url": "localhost:1"}, {"DELTAML_UNSAFE": "perhaps"})
    reader.integer("port", 1, maximum=65535)
    reader.url("aggregator_url")
    reader.flag("unsafe")
    reader.text("contract_address")
    with pytest.raises(InvalidInput) as caught:
        reader.finish()
    for name in ("port", "aggregator_url", "unsafe", "contract_address"):
        assert f"{name}: " in caught.value.message
    assert "--contract-address" in caught.value.message
    assert len(caught.value.fields["errors"]) == 4


def test_a_secret_comes_from_a_file_or_the_environment_and_never_from_an_option(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from file\nsecond line\n")
    environment = {"DELTAML_PASSWORD": "from environment"}
    assert ConfigurationReader({"password_file": str(file)}, environment).secret("password") == "from file"
    assert ConfigurationReader({"password": "from option"}, environment).secret("password") == "from environment"
    assert ConfigurationReader({"password": "from option"}, {}).secret("password") is None


def test_a_secret_file_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for file in (empty, tmp_path / "missing"):
        reader = ConfigurationReader({"password_file": str(file)}, {})
        reader.secret("password")
        with pytest.raises(InvalidInput, match="password_file"):
            reader.finish()


def test_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ConfigurationReader({"state_dir": "~/owner"}, {}).path("state_dir") == tmp_path / "owner"
