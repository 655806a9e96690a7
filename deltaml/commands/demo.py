"""`deltaml demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--headless", is_flag=True, help="End when the job has ended, instead of staying up.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON summary on standard output; all else on stderr.")
@click.option("--data", type=click.Path(path_type=Path), help="CSV or Parquet file of numeric columns; needs --target.")
@click.option("--target", help="Column of --data to predict; all others are features.")
@click.option("--owners", type=int, default=5, show_default=True, help="Data owners that share the rows, 2 to 20.")
@click.option("--rounds", type=int, default=100, show_default=True)
@click.option("--local-steps", type=int, default=1, show_default=True, help="Gradient steps of an owner in a round.")
@click.option("--learning-rate", type=float, help="Default: 1.5 for the diabetes data, else 1 / number of weights.")
@click.option(
    "--scaling", type=click.Choice(["none", "range"]), help="Default: none for the diabetes data, else range."
)
@click.option("--evaluate-every", type=int, default=10, show_default=True, help="Rounds between two checkpoints.")
@click.option("--key-bits", type=int, default=3072, show_default=True, help="Size of the Paillier key, at least 2048.")
@click.option("--seed", type=int, default=7, show_default=True, help="Deals the rows and draws the roles.")
@click.option("--deposit-wei", type=int, default=10**18, show_default=True, help="What the buyer escrows.")
@click.option("--chain", type=click.Choice(["ganache", "anvil"]), default="ganache", show_default=True)
@click.option("--eth-rpc-url", envvar="ETH_RPC_URL", show_envvar=True, help="Use this node instead of starting one.")
@click.option(
    "--funding-keystore",
    type=click.Path(path_type=Path),
    help="Account on that node that pays; its password is taken from DELTAML_FUNDING_PASSWORD.",
)
@click.option("--unsafe-small-key", is_flag=True, help="Allow keys down to 1024 bits, which can be broken (tests).")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the services' state and logs in this new folder.")
def demo(as_json: bool, scaling: str | None, **options: Any) -> None:
    """Run the whole platform on this machine, and one training job from post to payout.

    Starts a chain, the contract, the aggregator, a model buyer and the data owners as processes of their own, gives
    each owner its part of the data, and follows the job until everybody is paid. Then it stays up until Ctrl-C.

    Example: deltaml demo --data houses.csv --target price --owners 8 --rounds 50
    """
    from commons.computations.linear_regression.spec import Scaling  # noqa: PLC0415 - heavy, and --help does not need it
    from deltaml.demo.options import DemoOptions  # noqa: PLC0415
    from deltaml.demo.run import run_demo  # noqa: PLC0415

    chosen = Scaling(scaling) if scaling else None
    run_demo(DemoOptions(json=as_json, scaling=chosen, **options))
