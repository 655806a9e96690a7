"""`deltaml bench`: measurements on this machine."""

from __future__ import annotations

from dataclasses import asdict

import click

from deltaml.output import as_json, print_json, print_table


@click.group()
def bench() -> None:
    """Measurements on this machine.

    Example: deltaml bench kernels --key-bits 2048
    """


@bench.command("kernels")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    multiple=True,
    default=(88, 176, 352),
    show_default=True,
    help="Rows of an owner; repeat for more runs.",
)
@click.option("--features", type=click.IntRange(2, 500), default=11, show_default=True, help="Columns, bias included.")
@click.option(
    "--key-bits", type=click.IntRange(2048, 8192), default=2048, show_default=True, help="Size of the Paillier key."
)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Seed of the random rows.")
@as_json
def kernels(rows: tuple[int, ...], features: int, key_bits: int, seed: int, json_output: bool) -> None:
    """Compare an owner's encrypted training step with the straightforward phe expression.

    Example: deltaml bench kernels --rows 88 --rows 352 --key-bits 3072
    """
    from deltaml.bench import bench_kernels  # noqa: PLC0415 - numpy and phe are heavy, and only needed here

    timings = bench_kernels(rows, features=features, key_bits=key_bits, seed=seed)
    if json_output:
        print_json([{**asdict(one), "ratio": one.ratio, "ratio_with_gram": one.ratio_with_gram} for one in timings])
        return
    print_table(
        ("rows", "phe", "owner's step", "times faster", "with Gram map", "largest error"),
        [
            (
                one.rows,
                f"{one.phe_s:.2f} s",
                f"{one.step_s * 1000:.1f} ms",
                f"{one.ratio:.0f}",
                f"{one.ratio_with_gram:.0f}",
                f"{one.max_error:.1e}",
            )
            for one in timings
        ],
        title=f"{key_bits}-bit key, {features} columns; table of the key {timings[0].table_s:.2f} s, once a job",
    )
