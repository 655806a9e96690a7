"""The compose file, as docker-compose itself understands it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWNERS = {f"owner-{number}" for number in range(1, 6)}


@cache
def compose_command() -> tuple[str, ...]:
    for command in (("docker-compose",), ("docker", "compose")):
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return command
    assert "CI" not in os.environ, "docker-compose is missing; scripts/ci-packages.sh installs it"
    pytest.skip("neither docker-compose nor docker compose is installed")


def compose(*arguments: str, **environment: str) -> str:
    command = [*compose_command(), "--file", str(ROOT / "docker-compose.yml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def section(config: str, service: str) -> str:
    """The lines of one service in the normalised file."""
    services = re.search(r"^services:\n((?:[ \n].*\n?)+)", config, flags=re.MULTILINE)
    assert services is not None
    found = re.search(rf"^  {service}:\n((?:    .*\n?)+)", services.group(1), flags=re.MULTILINE)
    assert found is not None, service
    return found.group(1)


def test_it_has_a_chain_a_database_the_aggregator_a_buyer_and_five_owners() -> None:
    services = set(compose("config", "--services").split())
    assert services == {"chain", "postgres", "contract", "aggregator", "buyer"} | OWNERS


def test_ports_are_published_on_the_loopback_alone() -> None:
    config = compose("config")
    published = re.findall(r"^\s+(?:- |published: )\"?([\d.:]*\d+)(?:/tcp)?\"?$", config, flags=re.MULTILINE)
    assert len(published) == 2 + len(OWNERS)
    if "host_ip:" in config:  # the long form of newer versions
        assert config.count("host_ip: 127.0.0.1") == config.count("host_ip:") == len(published)
    else:
        assert all(port.startswith("127.0.0.1:") for port in published)
    for inner in ("chain", "postgres", "contract"):
        assert "ports:" not in section(config, inner)


def test_base_images_are_build_arguments() -> None:
    config = compose("config", PYTHON_IMAGE="own/python:1", NODE_IMAGE="own/node:1", POSTGRES_IMAGE="own/postgres:1")
    assert "PYTHON_IMAGE: own/python:1" in section(config, "aggregator")
    assert "NODE_IMAGE: own/node:1" in section(config, "chain")
    assert "image: own/postgres:1" in section(config, "postgres")
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM (\S+)", dockerfile, flags=re.MULTILINE))
    assert stages == {"${PYTHON_IMAGE}", "${NODE_IMAGE}"}


def test_every_service_runs_without_privileges_and_with_its_own_state_and_secrets() -> None:
    config = compose("config")
    for name in ("aggregator", "buyer", *sorted(OWNERS)):
        service = section(config, name)
        assert "read_only: true" in service
        assert re.search(r"cap_drop:\n\s+- ALL", service)
        assert f"{name}:/var/lib/deltaml" in service or re.search(
            rf"source: {name}\n\s+target: /var/lib/deltaml", service
        )
        secrets = set(re.findall(r"(?:source: )(\w+)|/run/secrets/(\w+)", service))
        prefix = name.replace("-", "_")
        mentioned = {one or other for one, other in secrets if "password" in (one or other)}
        assert mentioned
        assert all(secret.startswith(prefix) for secret in mentioned)


def test_no_password_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, value in re.findall(r"^\s+(\w*(?:PASSWORD|DATABASE_URL)\w*): (.+)$", text, flags=re.MULTILINE):
        assert name.endswith("_FILE")
        assert value.startswith("/run/secrets/")


def test_the_secrets_script_draws_every_secret_that_the_file_mounts_and_keeps_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts/compose-secrets.sh", tmp_path / "scripts")
    folder = tmp_path / "var/compose-secrets"
    subprocess.run([script], check=True, capture_output=True)
    drawn = {path.name: path.read_text() for path in folder.iterdir()}
    mounted = re.findall(r"file: \./var/compose-secrets/(\w+)", (ROOT / "docker-compose.yml").read_text())
    assert set(drawn) == set(mounted)
    assert folder.stat().st_mode & 0o777 == 0o700
    passwords = [value for name, value in drawn.items() if name.endswith("_password")]
    assert len(set(passwords)) == len(passwords)
    assert all(re.fullmatch(r"[\w-]{32}\n", password) for password in passwords)
    assert drawn["postgres_password"].strip() in drawn["aggregator_database_url"]
    subprocess.run([script], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == drawn
