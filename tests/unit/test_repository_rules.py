"""What must hold of the committed files as a whole."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
CONFIGURATIONS = (
    "commons/chain/settings.py",
    "federated_aggregator/config.py",
    "model_buyer/config.py",
    "data_owner/config.py",
)

# Where packages come from is each machine's own business, and so is where anything lies on it.
FORBIDDEN = {
    "a registry's address": r"registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org/simple|files\.pythonhosted\.org",
    "an index option": r"--(extra-)?index-url|--find-links|--trusted-host|index-url\s*=",
    "a download address": r'"resolved":',
    "a path of somebody's machine": r"(?<![\w.~}])/(root|Users|work)/\w",
}


@cache
def committed_files() -> tuple[Path, ...]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        assert "CI" not in os.environ, listed.stderr.decode()
        pytest.skip("not a git checkout, so there is no list of committed files")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def committed_text(*suffixes: str) -> dict[Path, str]:
    chosen = (path for path in committed_files() if not suffixes or path.suffix in suffixes)
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in chosen}


def test_docstrings_have_one_style() -> None:
    """Sections, as in `Args:`, and no fields of reStructuredText."""
    field = re.compile(r"^ *:(param|type|returns?|rtype|raises?)\b[^:\n]*:", re.MULTILINE)
    found = {
        f"{path.relative_to(ROOT)}: {match.group().strip()}"
        for path, text in committed_text(".py").items()
        for match in field.finditer(text)
    }
    assert found == set()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_names_a_registry_or_a_machine(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in committed_text().items()
        if path != Path(__file__) and (match := pattern.search(text))
    ]
    assert found == []


def test_no_committed_file_names_this_checkout() -> None:
    assert [path for path, text in committed_text().items() if f"{ROOT}/" in text] == []


def test_the_licence_is_the_gpl_in_version_3_and_the_package_says_so() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.split("\n")[0].strip() == "GNU GENERAL PUBLIC LICENSE"
    assert "Version 3, 29 June 2007" in text
    assert "END OF TERMS AND CONDITIONS" in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "GPL-3.0-or-later"


def test_every_relative_link_of_the_documentation_leads_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {link}"
        for path, text in committed_text(".md").items()
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
        if "://" not in link and not (path.parent / link).exists()
    ]
    assert broken == []


def test_every_source_file_that_the_documentation_names_exists() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in committed_text(".md").items()
        for name in re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|sol|sh|md|json))`", text)
        if not (ROOT / name).exists() and not name.startswith("var/")
    ]
    assert missing == []


def test_the_makefile_has_its_targets_and_help_lists_them_all() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    assert targets >= {"help", "setup", "demo", "test", "check", "bench", "contracts", "lock", "clean"}
    assert targets == set(re.findall(r"^\.PHONY: ([a-z]+)$", makefile, flags=re.MULTILINE))
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z]+) +\S", helped, flags=re.MULTILINE)) == targets


def test_the_readme_opens_with_the_two_commands() -> None:
    first_block = (ROOT / "README.md").read_text().split("```")[1]
    assert re.findall(r"^make \w+", first_block, flags=re.MULTILINE) == ["make demo", "make test"]


def test_scripts_can_be_executed() -> None:
    scripts = [path for path in committed_files() if path.suffix == ".sh" or path == ROOT / ".ci" / "run"]
    assert scripts
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []


def pins(name: str) -> dict[str, list[Requirement]]:
    lines = re.findall(r"^([a-z0-9].*?) \\$", (ROOT / name).read_text(), flags=re.MULTILINE)
    pinned: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, lines):
        pinned.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pinned


@pytest.mark.parametrize("name", LOCKS)
def test_everything_locked_is_pinned_and_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())[1:]
    assert len(blocks) > 50
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==\S+( ;.*)? \\\n", block), block
        assert "--hash=sha256:" in block, block


def test_locks_have_what_the_project_depends_on_in_versions_that_it_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, development = project["dependencies"], project["optional-dependencies"]["dev"]
    for lock, wanted in zip(LOCKS, (runtime, [*runtime, *development]), strict=True):
        pinned = pins(lock)
        for requirement in map(Requirement, wanted):
            for pin in pinned[canonicalize_name(requirement.name)]:
                version = next(iter(pin.specifier)).version
                assert requirement.specifier.contains(version, prereleases=True), f"{lock}: {pin}"


def test_development_uses_the_versions_that_run_elsewhere() -> None:
    run, development = (pins(name) for name in LOCKS)
    differing = [name for name, pinned in run.items() if set(map(str, pinned)) != set(map(str, development[name]))]
    assert differing == []


def test_the_node_lock_has_one_package_that_the_project_takes_for_every_platform() -> None:
    (wanted,) = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["node"])
    ((pin,),) = pins("requirements-node.lock").values()
    assert pin.name == wanted.name
    assert wanted.specifier.contains(next(iter(pin.specifier)).version)
    # Linux with glibc and with musl, macOS and Windows, each for two processors.
    assert (ROOT / "requirements-node.lock").read_text().count("--hash=sha256:") >= 8


def test_the_npm_lock_belongs_to_its_package_file() -> None:
    package = json.loads((ROOT / "contracts/package.json").read_text())
    locked = json.loads((ROOT / "contracts/package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert locked[""][kind] == package[kind]
        for name, version in package[kind].items():
            entry = locked[f"node_modules/{name}"]
            assert entry["version"] == version
            assert entry["integrity"].startswith("sha512-")


def settings_read(path: Path) -> set[str]:
    """The variables that a configuration reads: each `reader.<kind>("name", …)`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "reader"
            and node.func.attr != "require"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            variable = f"DELTAML_{node.args[0].value}".upper()
            names |= {variable, f"{variable}_FILE"} if node.func.attr == "secret" else {variable}
    return names


def test_the_operations_manual_has_every_setting_and_no_other() -> None:
    read = set().union(*(settings_read(ROOT / path) for path in CONFIGURATIONS))
    tables = re.findall(r"^\| (`DELTAML_.*?) \|", (ROOT / "docs/operations.md").read_text(), flags=re.MULTILINE)
    documented = {name for row in tables for name in re.findall(r"`(DELTAML_\w+)`", row)}
    assert documented == read
