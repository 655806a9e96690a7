"""Which Node.js is used: stand-ins on a PATH of their own, and in a .venv of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deltaml import nodejs


def stand_in(folder: Path, version: str, name: str = "node") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo {version} || echo "{version} runs $*"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder of the PATH, with an npm; behind it is what a script needs that starts with `env`."""
    folder, tools = tmp_path / "path", tmp_path / "tools"
    stand_in(folder, "10.0.0", "npm")
    tools.mkdir()
    for name in ("env", "sh"):
        (tools / name).symlink_to(Path("/usr/bin", name) if Path("/usr/bin", name).exists() else Path("/bin", name))
    monkeypatch.setenv("PATH", f"{folder}:{tools}")
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Node.js that set-up has installed."""
    monkeypatch.setattr(nodejs, "OWN_BIN", tmp_path / "own")
    return stand_in(tmp_path / "own", "v24.5.0")


@pytest.mark.parametrize(
    "version", ["v20.19.0", "v20.20.2", "v22.13.0", "v24.0.0", "v25.1.0", "v100.0.0", "v24.0.0-rc.1"]
)
def test_a_new_one_on_the_path_is_used_with_the_path_as_it_is(on_path: Path, own: Path, version: str) -> None:
    node = stand_in(on_path, version)
    assert nodejs.find() == node
    assert nodejs.environment() == dict(os.environ)


@pytest.mark.parametrize("version", ["v18.19.1", "v20.18.3", "v21.7.3", "v22.12.0", "v23.11.0", "v8.9.0", "nonsense"])
def test_too_old_a_one_on_the_path_is_passed_over(on_path: Path, own: Path, version: str) -> None:
    stand_in(on_path, version)
    assert nodejs.find() == own
    assert nodejs.environment()["PATH"].split(":")[:2] == [str(own.parent), str(on_path)]


def test_without_any_on_the_path_the_own_one_is_used(on_path: Path, own: Path) -> None:
    assert nodejs.find() == own


def test_one_without_npm_is_passed_over(on_path: Path, own: Path) -> None:
    stand_in(on_path, "v24.0.0")
    (on_path / "npm").unlink()
    assert nodejs.find() == own


def test_one_that_does_not_run_is_passed_over(on_path: Path, own: Path) -> None:
    stand_in(on_path, "v24.0.0").write_text("#!/bin/sh\necho v24.0.0\nexit 127\n")
    assert nodejs.find() == own


def test_an_activated_environment_has_its_own_first(on_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(on_path, "v22.20.0")
    stand_in(own.parent, "11.0.0", "npm")
    monkeypatch.setenv("PATH", f"{own.parent}:{on_path}")
    assert nodejs.find() == own


def test_programs_of_npm_get_the_one_to_use_and_not_the_old_one(on_path: Path, own: Path, tmp_path: Path) -> None:
    stand_in(on_path, "v18.19.1")
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env node\n")
    script.chmod(0o755)
    done = subprocess.run([script, "now"], env=nodejs.environment(), capture_output=True, text=True, check=True)
    assert done.stdout == f"v24.5.0 runs {script} now\n"


def test_an_empty_path_is_no_working_directory(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    monkeypatch.setattr(nodejs.shutil, "which", lambda _: None)
    assert nodejs.environment()["PATH"] == str(own.parent)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (None, "there is no `node` on the PATH"),
        ("v18.19.1", "node is v18.19.1;"),
        ("", "node does not run"),
        ("v24.0.0", "node is v24.0.0, but there is no `npm` on the PATH"),
    ],
)
def test_what_was_found_instead_is_said_with_the_remedy(
    on_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, found: str
) -> None:
    monkeypatch.setattr(nodejs, "OWN_BIN", tmp_path / "nothing")
    (on_path / "npm").unlink()
    if version is not None:
        stand_in(on_path, version)
    with pytest.raises(nodejs.NodeMissingError) as failure:
        nodejs.environment()
    assert found in str(failure.value)
    assert "Node.js 20.19, 22.13, 24 or newer is needed" in str(failure.value)
    assert "make setup" in str(failure.value)


def command_line(*arguments: str) -> subprocess.CompletedProcess[str]:
    # As set-up calls it, when no package is installed.
    command = [sys.executable, "-I", "-S", nodejs.__file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_runs_a_command_or_says_which_it_is(on_path: Path) -> None:
    node = stand_in(on_path, "v22.13.0")
    assert command_line().stdout == f"{node}\n"
    assert command_line("node", "--some option").stdout == "v22.13.0 runs --some option\n"
    assert command_line("sh", "-c", "exit 7").returncode == 7


def test_the_command_line_says_what_is_wrong(on_path: Path) -> None:
    stand_in(on_path, "v22.13.0")
    missing = command_line("no-such-program")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("error: ")
    assert "no-such-program" in missing.stderr
