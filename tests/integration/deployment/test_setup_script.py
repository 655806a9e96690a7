"""The set-up script and the Makefile around it, in a folder of their own with a stand-in for the installed command."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """#!/bin/sh
echo "deltaml $*"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that set-up looks at, with nothing installed."""
    folder = tmp_path / "check out"  # a path with a space in it must do
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "scripts/setup.sh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for packages in ("contracts", "ui"):
        (folder / packages).mkdir()
        shutil.copy(ROOT / packages / "package-lock.json", folder / packages)
    return folder


@pytest.fixture
def installed(checkout: Path) -> Path:
    """The same after a set-up for `make demo`."""
    stamps, binaries = checkout / ".venv/.installed", checkout / ".venv/bin"
    stamps.mkdir(parents=True)
    binaries.mkdir()
    (stamps / "folder").write_text(f"{checkout}\n")
    shutil.copy(checkout / "requirements.lock", stamps / "packages-run")
    shutil.copy(checkout / "pyproject.toml", stamps / "project")
    for packages in ("contracts", "ui"):
        (checkout / packages / "node_modules").mkdir()
        shutil.copy(checkout / packages / "package-lock.json", checkout / packages / "node_modules/.installed-run")
    (checkout / "ui/dist").mkdir()
    sources = hashlib.sha256((checkout / "ui/package-lock.json").read_bytes()).hexdigest()
    (checkout / "ui/dist/.built-from").write_text(f"{sources}  ui/package-lock.json\n")
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "deltaml").write_text(COMMAND)
    (binaries / "deltaml").chmod(0o755)
    return checkout


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests passes its own flags on by environment.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**inherited, **environment},
        timeout=60,
        check=False,
    )


def test_standard_output_is_the_commands_alone(installed: Path) -> None:
    done = make(installed, "demo", "ARGS=--headless --json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "deltaml demo --headless --json\n", "")


def test_a_failing_command_fails_the_target(installed: Path) -> None:
    (installed / ".venv/bin/deltaml").write_text("#!/bin/sh\nexit 3\n")
    assert make(installed, "demo").returncode != 0


@pytest.mark.parametrize(
    "changed", ["requirements.lock", "pyproject.toml", "contracts/package-lock.json", "ui/package-lock.json"]
)
def test_a_changed_file_is_noticed(installed: Path, changed: str) -> None:
    with (installed / changed).open("a") as file:
        file.write("\n")
    (installed / ".venv/bin/python").unlink()
    (installed / ".venv/bin/python").write_text('#!/bin/sh\n[ "$1" = -c ] || { echo "python $*"; exit 1; }\n')
    (installed / ".venv/bin/python").chmod(0o755)
    tools = installed.parent / "tools"
    tools.mkdir()
    for name in ("node", "npm"):
        (tools / name).write_text(f'#!/bin/sh\n[ "$1" = -p ] && echo 20 || {{ echo "{name} $*"; exit 1; }}\n')
        (tools / name).chmod(0o755)
    done = make(installed, "demo", PATH=f"{tools}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert done.stdout == ""
    assert ("npm install" if changed.endswith("package-lock.json") else "python -m pip install") in done.stderr


def test_a_changed_page_is_built_again(installed: Path) -> None:
    (installed / "ui/page.tsx").write_text("export {};\n")
    (installed / "ui/build.mjs").write_text("console.error('built');\n")
    done = make(installed, "demo", "ARGS=")
    assert (done.returncode, done.stdout) == (0, "deltaml demo\n")
    assert "building the web pages\nbuilt\n" in done.stderr
    again = make(installed, "demo", "ARGS=")
    assert (again.returncode, again.stderr) == (0, "")


def test_too_old_a_python_is_refused_with_the_remedy(checkout: Path) -> None:
    done = make(checkout, "demo", PYTHON="false")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_python_without_venv_is_refused_with_the_remedy(checkout: Path) -> None:
    python = checkout.parent / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *) exec "{sys.executable}" "$@";; esac\n')
    python.chmod(0o755)
    done = make(checkout, "demo", PYTHON=str(python))
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr


def test_too_old_a_node_is_refused_with_the_remedy(installed: Path) -> None:
    (installed / "contracts/node_modules/.installed-run").unlink()
    tools = installed.parent / "tools"
    tools.mkdir()
    (tools / "node").write_text('#!/bin/sh\n[ "$1" = -p ] && echo 18 || echo v18.19.0\n')
    (tools / "node").chmod(0o755)
    done = make(installed, "demo", PATH=f"{tools}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert "Node.js 20 or newer is needed, this is v18.19.0" in done.stderr


def test_a_moved_checkout_gets_a_new_environment(installed: Path) -> None:
    moved = installed.rename(installed.with_name("moved"))
    done = make(moved, "demo", PYTHON="false")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
