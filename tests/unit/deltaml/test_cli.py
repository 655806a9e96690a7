from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from commons.errors import (
    ChainUnavailable,
    Conflict,
    DatasetInvalid,
    DeltaMLError,
    NotAuthenticated,
    NotFound,
    ServiceUnavailable,
    TransactionFailed,
)
from deltaml import cli as cli_module
from deltaml.cli import cli, exit_code, run

HEAVY = ("web3", "numpy", "requests", "pydantic", "rich", "eth_account", "sqlalchemy", "flask", "gmpy2", "pyarrow")


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(cli))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: deltaml {path[0]}" in " ".join(shown.split())


# Some of the demo's options say with their name what they are.
@pytest.mark.parametrize("path", [path for path in ALL if path != ("demo",)], ids=" ".join)
def test_every_option_says_what_it_is_for(path: tuple[str, ...]) -> None:
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_starting_up_and_help_load_nothing_heavy() -> None:
    program = (
        "import sys; from deltaml.cli import run; run(['--help']); run(['job', 'post', '--help']); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatasetInvalid("x"), 2),
        (NotAuthenticated("x"), 2),
        (NotFound("x"), 3),
        (Conflict("x"), 3),
        (TransactionFailed("x"), 3),
        (ServiceUnavailable("x"), 4),
        (ChainUnavailable("x"), 4),
        (DeltaMLError("x"), 1),
    ],
)
def test_exit_codes_follow_the_kind_of_error(error: DeltaMLError, code: int) -> None:
    assert exit_code(error) == code


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    def install(error: BaseException) -> None:
        @click.command()
        def broken() -> None:
            raise error

        monkeypatch.setattr(cli, "get_command", lambda *_: broken)

    return install


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NotFound("there is no\n job 7"), 3, "error: there is no job 7\n"),
        # A new line first, because the terminal shows ^C.
        (KeyboardInterrupt(), 130, "\nerror: interrupted\n"),
        (RuntimeError("oh"), 1, "error: unexpected RuntimeError: oh (set DELTAML_DEBUG=1 for the traceback)\n"),
    ],
)
def test_errors_are_one_line_and_no_traceback(
    failing: Any, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    failing(error)
    assert run(["anything"]) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line)


def test_the_traceback_can_be_had(failing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(RuntimeError("oh"))
    monkeypatch.setenv("DELTAML_DEBUG", "1")
    with pytest.raises(RuntimeError, match="oh"):
        run(["anything"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["job", "post", "--rounds", "many"], "'many' is not a valid integer. (see deltaml job post --help)"),
        (["job", "post", "--deposit", "much"], "'much' is no amount"),
        (["job", "post", "--start-within", "soon"], "'soon' is no duration"),
        (["job", "show"], "Missing argument 'ID'"),
    ],
)
def test_misuse_is_one_line_that_points_to_the_help(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert words in err
    assert err.count("\n") == 1


def test_main_ends_the_process_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["deltaml", "nothing"])
    with pytest.raises(SystemExit) as ended:
        cli_module.main()
    assert ended.value.code == 2


@pytest.mark.parametrize("service", ["aggregator", "buyer", "owner"])
def test_a_service_names_all_settings_that_it_lacks(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([service, "serve", "--port", "none"]) == 2
    err = capsys.readouterr().err
    for name in ("contract_address", "keystore_password", "port"):
        assert name in err
