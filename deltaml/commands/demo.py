"""`deltaml demo`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from commons.errors import InvalidInput

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_KINDS = ("linear_regression", "statistics")


class _KindOption(click.Option):
    """An option of one kind of computation, None where it is not given; the kind says what it is then."""

    def __init__(self, *names: Any, kind: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.kind = kind


class _DemoCommand(click.Command):
    """Shows the options of each kind under a heading of their own, and refuses those of other kinds than the chosen one."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for kind in (None, *_KINDS):
            own = [one for one in self.get_params(ctx) if getattr(one, "kind", None) == kind]
            records = [record for one in own if (record := one.get_help_record(ctx)) is not None]
            with formatter.section("Options" if kind is None else f"Options of --kind {kind}"):
                formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> Any:
        """Hand over what was given of the kind's own options as `given`."""
        given: dict[str, Any] = {}
        for option in (one for one in self.params if isinstance(one, _KindOption)):
            name = str(option.name)
            if (value := ctx.params.pop(name)) is None:
                continue
            if option.kind != ctx.params["kind"]:
                raise InvalidInput(
                    f"{option.opts[0]} is an option of --kind {option.kind}; leave it out with --kind {ctx.params['kind']}",
                    field=option.opts[0].removeprefix("--"),
                )
            given[name] = value
        ctx.params["given"] = given
        return super().invoke(ctx)


def _of_regression(name: str, **settings: Any) -> Decorator:
    return click.option(name, cls=_KindOption, kind="linear_regression", **settings)


def _of_statistics(name: str, **settings: Any) -> Decorator:
    return click.option(name, cls=_KindOption, kind="statistics", **settings)


@click.command(cls=_DemoCommand)
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True, help="What is computed.")
@click.option("--headless", is_flag=True, help="End when the job has ended, instead of staying up.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON summary on standard output; all else on stderr.")
@click.option("--data", type=click.Path(path_type=Path), help="CSV or Parquet file.  [default: the diabetes data]")
@click.option("--owners", type=int, default=5, show_default=True, help="Data owners that share the rows, 2 to 20.")
@click.option("--key-bits", type=int, default=3072, show_default=True, help="Size of the Paillier key, at least 2048.")
@click.option("--seed", type=int, default=7, show_default=True, help="Deals the rows and draws the roles.")
@click.option("--deposit-wei", type=int, default=10**18, show_default=True, help="What the buyer escrows.")
@click.option(
    "--chain",
    type=click.Choice(["ganache", "anvil"]),
    default="ganache",
    show_default=True,
    help="Ethereum node to start.",
)
@click.option("--eth-rpc-url", envvar="ETH_RPC_URL", show_envvar=True, help="Use this node instead of starting one.")
@click.option(
    "--funding-keystore",
    type=click.Path(path_type=Path),
    help="Account on that node that pays; its password is taken from DELTAML_FUNDING_PASSWORD.",
)
@click.option("--unsafe-small-key", is_flag=True, help="Allow keys down to 1024 bits, which can be broken (tests).")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the services' state and logs in this new folder.")
@_of_regression("--target", help="Column of --data to predict; all others are features. Needed with --data.")
@_of_regression("--rounds", type=int, help="Training rounds.  [default: 100]")
@_of_regression("--local-steps", type=int, help="Gradient steps of an owner in a round.  [default: 1]")
@_of_regression("--learning-rate", type=float, help="[default: 1.5 for the diabetes data, else 1 / number of weights]")
@_of_regression(
    "--scaling",
    type=click.Choice(["none", "range"]),
    help="Map ranges onto [-1, 1].  [default: none for the diabetes data, else range]",
)
@_of_regression("--evaluate-every", type=int, help="Rounds between two checkpoints.  [default: 10]")
@_of_statistics(
    "--columns",
    metavar="A,B,…",
    help="Columns to describe, of numbers or of at most 200 different texts; cells may be missing. Ranges are the file's own, a "
    "constant's a thousandth of it wider to either side. At least 3 --owners.  [default: all that can be described]",
)
def demo(
    kind: str, data: Path | None, as_json: bool, given: dict[str, Any], unsafe_small_key: bool, **options: Any
) -> None:
    """Run the whole platform on this machine, and one job from post to payout.

    Starts a chain, the contract, the aggregator, a model buyer and the data owners as processes of their own, gives
    each owner its part of the data, and follows the job until everybody is paid. Then it stays up until Ctrl-C.

    Example: deltaml demo --data houses.csv --target price --owners 8 --rounds 50

    Example: deltaml demo --kind statistics --data houses.csv --columns price,rooms,heating
    """
    from commons.ciphers.paillier import KeyPolicy  # noqa: PLC0415 - heavy, and --help does not need it
    from deltaml.demo.kinds import KINDS  # noqa: PLC0415
    from deltaml.demo.options import DemoOptions  # noqa: PLC0415
    from deltaml.demo.run import run_demo  # noqa: PLC0415

    policy = KeyPolicy.of(unsafe_small_key=unsafe_small_key)
    run_demo(DemoOptions(json=as_json, key_policy=policy, **options), KINDS[kind].of(data, given))
