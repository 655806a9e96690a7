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


@pytest.mark.parametrize("raw", ["-1", "11", "1.5", "ten", ""])
def test_whole_numbers_are_checked_against_their_limits(raw: str) -> None:
    reader = ConfigurationReader({"count": raw}, {})
    reader.integer("count", minimum=0, maximum=10)
    with pytest.raises(InvalidInput, match=r"count: .*whole number from 0 to 10|count: missing"):
        reader.finish()


@pytest.mark.parametrize(
    ("raw", "valid"), [("0.5", True), ("1e3", True), ("0", False), ("-1", False), ("inf", False), ("nan", False)]
)
def test_numbers_are_positive_and_finite(raw: str, valid: bool) -> None:
    reader = ConfigurationReader({"wait_s": raw}, {})
    value = reader.number("wait_s", 600.0)
    if valid:
        reader.finish()
        assert value == float(raw)
    else:
        with pytest.raises(InvalidInput, match=r"wait_s: .*expected a positive number"):
            reader.finish()


@pytest.mark.parametrize("raw", ["127.0.0.1:8545", "ftp://host", "http://", "file:///etc/passwd", "//host"])
def test_only_addresses_of_the_web_are_urls(raw: str) -> None:
    reader = ConfigurationReader({"eth_rpc_url": raw}, {})
    reader.url("eth_rpc_url")
    with pytest.raises(InvalidInput, match=r"eth_rpc_url: .*expected a URL like"):
        reader.finish()


def test_a_url_is_kept_without_its_last_slash() -> None:
    assert ConfigurationReader({"rpc": "https://node.example/v3/"}, {}).url("rpc") == "https://node.example/v3"
    assert ConfigurationReader({}, {}).url("rpc", "http://127.0.0.1:8545/") == "http://127.0.0.1:8545"


def test_an_empty_variable_is_as_good_as_none() -> None:
    reader = ConfigurationReader({}, {"DELTAML_HOST": "", "DELTAML_PUBLIC_URL": ""})
    assert reader.text("host", "127.0.0.1") == "127.0.0.1"
    assert reader.optional("public_url") is None
    reader.finish()


def test_a_missing_secret_is_reported_with_both_ways_to_give_it() -> None:
    reader = ConfigurationReader({}, {})
    reader.require("keystore_password", reader.secret("keystore_password"))
    with pytest.raises(InvalidInput, match="DELTAML_KEYSTORE_PASSWORD or DELTAML_KEYSTORE_PASSWORD_FILE"):
        reader.finish()


def test_no_secret_is_repeated_in_an_error(tmp_path: Path) -> None:
    environment = {"DELTAML_PASSWORD": "hunter2", "DELTAML_PASSWORD_FILE": str(tmp_path / "missing")}
    reader = ConfigurationReader({"port": "x"}, environment)
    reader.integer("port")
    reader.secret("password")
    with pytest.raises(InvalidInput) as caught:
        reader.finish()
    assert "hunter2" not in str(caught.value) + repr(caught.value.fields) + repr(reader)


def test_nothing_is_raised_when_all_is_well() -> None:
    ConfigurationReader({}, {}).finish()


@pytest.mark.parametrize(("raw", "count"), [("", 0), ("10.0.0.5", 1), ("10.0.0.5, 192.168.0.0/16,2001:db8::/32", 3)])
def test_networks(raw: str, count: int) -> None:
    reader = ConfigurationReader({}, {"DELTAML_TRUSTED_PROXIES": raw})
    assert len(reader.networks("trusted_proxies")) == count
    reader.finish()


@pytest.mark.parametrize("raw", ["proxy.example", "10.0.0.5/8", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(raw: str) -> None:
    reader = ConfigurationReader({"trusted_proxies": raw}, {})
    reader.networks("trusted_proxies")
    with pytest.raises(InvalidInput, match=r"trusted_proxies: .* expected addresses or networks"):
        reader.finish()
