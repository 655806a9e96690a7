"""The entry point of `deltaml`: finds the subcommand, and turns every error into one line and an exit code.

Exit codes: 0 done, 1 unexpected, 2 bad input or not signed in, 3 not found or not possible now, 4 something that is needed
does not answer, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from commons.errors import (
    Conflict,
    DeltaMLError,
    HeadroomExceeded,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ProtocolViolation,
    ServiceUnavailable,
    TooManyRequests,
    TransactionFailed,
)

_COMMANDS = {
    "account": "deltaml.commands.account:account",
    "aggregator": "deltaml.commands.serve:aggregator",
    "bench": "deltaml.commands.bench:bench",
    "buyer": "deltaml.commands.serve:buyer",
    "chain": "deltaml.commands.chain:chain",
    "dataset": "deltaml.commands.dataset:dataset",
    "demo": "deltaml.commands.demo:demo",
    "earnings": "deltaml.commands.money:earnings",
    "job": "deltaml.commands.job:job",
    "offer": "deltaml.commands.offer:offer",
    "owner": "deltaml.commands.serve:owner",
    "withdraw": "deltaml.commands.money:withdraw",
}
_EXIT_CODES: dict[type[DeltaMLError], int] = {
    InvalidInput: 2,
    HeadroomExceeded: 2,
    NotAuthenticated: 2,
    NotAllowed: 2,
    NotFound: 3,
    Conflict: 3,
    ProtocolViolation: 3,
    TransactionFailed: 3,
    TooManyRequests: 3,
    ServiceUnavailable: 4,
}
_INTERRUPTED = 130
_DEBUG = "DELTAML_DEBUG"


class _LazyGroup(click.Group):
    """Loads a subcommand's module when that subcommand is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deltaml", prog_name="deltaml")
def cli() -> None:
    """A marketplace for machine learning on data that nobody hands over.

    Example: deltaml demo
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors go to standard error as one line."""
    try:
        code = cli.main(list(arguments), prog_name="deltaml", standalone_mode=False)
    except click.exceptions.Exit as requested:
        return requested.exit_code
    except click.ClickException as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output, `head` for example, has seen enough.
        sys.stderr.close()
        return 0
    except DeltaMLError as error:
        return _fail(error.message, exit_code(error))
    except Exception as error:
        if os.environ.get(_DEBUG):
            raise
        return _fail(f"unexpected {type(error).__name__}: {error} (set {_DEBUG}=1 for the traceback)", 1)
    return code if isinstance(code, int) else 0


def exit_code(error: DeltaMLError) -> int:
    """Return the exit code of an error: that of its nearest class in the table, else 1."""
    return next((_EXIT_CODES[kind] for kind in type(error).__mro__ if kind in _EXIT_CODES), 1)


def _misused(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return 2
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return _fail(error.format_message() + hint, error.exit_code)


def _fail(message: str, code: int) -> int:
    click.echo("error: " + " ".join(message.split()), err=True)
    return code


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
