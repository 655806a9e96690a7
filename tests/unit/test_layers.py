"""Imports run one way: api → services → domain, adapters beside them, and everything on top of commons.

Every import statement of every module is looked at, those inside functions and `TYPE_CHECKING` blocks included.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("data_owner", "model_buyer", "federated_aggregator")
KINDS = tuple(
    f"commons.computations.{path.parent.name}" for path in sorted((ROOT / "commons/computations").glob("*/__init__.py"))
)
PURE = (
    "commons/ciphers",
    "commons/computations",
    "commons/market",
    "commons/tables",
    *(f"{service}/domain" for service in SERVICES),
)
# What reaches files, sockets, other processes, the clock or the log, or brings a framework.
IMPURE = frozenset(
    {
        "alembic",
        "asyncio",
        "eth_account",
        "flask",
        "flask_openapi3",
        "flask_sqlalchemy",
        "gunicorn",
        "http",
        "io",
        "logging",
        "os",
        "pathlib",
    }
    | {"psycopg", "pyarrow", "random", "requests", "rich", "selectors", "shutil", "siwe", "socket", "sqlalchemy"}
    | {"sqlite3", "ssl", "structlog", "subprocess", "tempfile", "threading", "time", "urllib", "web3", "werkzeug"}
)
# The library for sign-in messages imports web3; it is loaded when the first participant signs in, or before forking.
IMPORTS_SIWE = {"federated_aggregator/services/sign_in.py", "deltaml/demo/world.py"}


@cache
def modules(folder: str) -> tuple[Path, ...]:
    if folder.endswith(".py"):
        return (ROOT / folder,)
    found = tuple(path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)
    assert found, f"{folder} holds no module"
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports anywhere: for `from a.b import c` both a.b and a.b.c."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(path: Path) -> set[str]:
    """What a module imports by name: for `from a.b import c` a.b.c if that is a module, else a.b."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {_module_of(node.module or "", alias.name) for alias in node.names}
    return found


def _module_of(package: str, name: str) -> str:
    within = ROOT / Path(*package.split(".")) / name
    is_module = within.with_suffix(".py").is_file() or (within / "__init__.py").is_file()
    return f"{package}.{name}" if is_module else package


def importers(folders: tuple[str, ...], *names: str) -> set[str]:
    """`module: import` for each import, in these folders, of these packages or what is in them."""
    return {
        f"{path.relative_to(ROOT)}: {imported}"
        for folder in folders
        for path in modules(folder)
        for imported in imports(path)
        if any(imported == name or imported.startswith(f"{name}.") for name in names)
    }


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def first_circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the next and the last is the first again; empty if there is no such circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    paths = {name_of(path): path for folder in ("commons", *SERVICES, "deltaml") for path in modules(folder)}
    # `from a.b import c` is an import of the module a.b.c if there is one, and then not of what its package gathers.
    graph = {name: named(path) & paths.keys() for name, path in paths.items()}
    assert first_circle(graph) == []


def test_a_circle_is_found() -> None:
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) in (["b", "c", "b"], ["c", "b", "c"])
    assert first_circle({"a": {"a"}}) == ["a", "a"]
    found = named(ROOT / "commons/web/errors.py")
    assert {"commons.errors", "json", "commons.web.validation"} <= found
    assert "commons" not in found


def test_commons_imports_no_service() -> None:
    assert importers(("commons",), *SERVICES, "deltaml") == set()


def test_the_market_reaches_a_kind_through_the_registry_only() -> None:
    in_commons = tuple(f"commons/{path.name}" for path in (ROOT / "commons").iterdir() if path.is_dir())
    market = tuple(folder for folder in in_commons if folder not in ("commons/computations", "commons/__pycache__"))
    assert importers((*market, *SERVICES), *KINDS) == set()
    of_computations = {line for line in importers(("commons/computations",), *KINDS) if "/registry.py: " not in line}
    assert {line for line in of_computations if line.count("/") == 2} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_knows_no_other_kind_and_not_the_registry(kind: str) -> None:
    others = (*(other for other in KINDS if other != kind), "commons.computations.registry")
    assert importers((kind.replace(".", "/"),), *others) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_reaches_no_database_no_network_and_no_clock(kind: str) -> None:
    outside = ("sqlalchemy", "flask", "web3", "requests", "time", "datetime", "threading", *SERVICES, "deltaml")
    assert importers((kind.replace(".", "/"),), *outside) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_services_never_import_each_other_or_the_command(service: str) -> None:
    assert importers((service,), *(other for other in SERVICES if other != service), "deltaml") == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_imports_nothing_else_of_its_service(service: str) -> None:
    around = (
        f"{service}.{name}" for name in ("api", "adapters", "tables", "services", "app", "config", "serve", "wiring")
    )
    assert importers((f"{service}/domain",), *around) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_tables_know_the_domain_and_nothing_else_of_their_service(service: str) -> None:
    around = (f"{service}.{name}" for name in ("api", "adapters", "services", "app", "config", "serve", "wiring"))
    assert importers((f"{service}/tables.py",), *around) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_services_know_the_tables_and_no_adapter(service: str) -> None:
    assert importers((f"{service}/services",), f"{service}.api", f"{service}.adapters", f"{service}.wiring") == set()


@pytest.mark.parametrize("service", SERVICES)
def test_adapters_do_not_know_the_api(service: str) -> None:
    assert importers((f"{service}/adapters",), f"{service}.api", f"{service}.wiring", f"{service}.app") == set()


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_is_given_its_services_and_reaches_no_database_and_no_chain_by_itself(service: str) -> None:
    libraries = ("sqlalchemy", "requests", "commons.storage", "commons.chain.marketplace")
    outside = (*libraries, f"{service}.adapters", f"{service}.wiring")
    assert importers((f"{service}/api",), *outside) == set()


@pytest.mark.parametrize("folder", PURE)
def test_pure_packages_do_no_input_or_output(folder: str) -> None:
    assert importers((folder,), *IMPURE) == set()
    in_commons = ("commons.chain.connection", "commons.storage", "commons.web", "commons.agent")
    assert importers((folder,), *in_commons, "commons.chain.marketplace", "commons.chain.outbox") == set()
    calls = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.func.id}"
        for path in modules(folder)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}
    }
    assert calls == set()


def test_only_the_chain_package_imports_web3() -> None:
    found = importers(("commons", *SERVICES, "deltaml"), "web3", "solcx")
    assert {line for line in found if not line.startswith("commons/chain/")} == set()


def test_the_library_for_sign_in_messages_is_loaded_late_and_in_named_places_only() -> None:
    found = importers(("commons", *SERVICES, "deltaml"), "siwe")
    assert {line.split(": ")[0] for line in found} <= IMPORTS_SIWE
    for name in IMPORTS_SIWE:
        at_import = [node for node in tree(ROOT / name).body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert "siwe" not in {alias.name for node in at_import for alias in node.names}


def test_importing_the_pure_packages_loads_no_framework() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in PURE
        for path in modules(folder)
        if path.name != "__init__.py"
    ]
    heavy = {"flask", "sqlalchemy", "requests", "web3", "werkzeug", "alembic", "gunicorn", "structlog"}
    program = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (loaded.returncode, loaded.stdout.strip()) == (0, "[]"), loaded.stderr
