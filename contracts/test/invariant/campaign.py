"""Runs the random campaign against the marketplace contract and says what happened in it.

    python contracts/test/invariant/campaign.py                  at least 5,000,000 calls, one process a processor
    python contracts/test/invariant/campaign.py --seed 0x5eed    the same calls as in an earlier run with as many processes

Forge draws the calls; `MarketHandler.sol` compares each with a model of the contract, and the campaign ends at the first
difference. Everything is copied first, so that sources can be edited meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from deltaml import nodejs

CONTRACTS = Path(__file__).resolve().parents[2]
# The package's own launcher, .bin/forge, ends with code 0 whatever forge says.
FORGE = next(
    (CONTRACTS / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge*"),
    CONTRACTS / "node_modules" / ".bin" / "forge",
)
ARTIFACT = CONTRACTS / "artifacts" / "Marketplace.json"
RESULTS = Path("cache") / "campaign"
DEPTH = 500
WORD_BYTES = 32
POLL_S = 0.2
REPORT_EVERY_S = 30.0


class CampaignFailedError(Exception):
    """The contract did something else than the model says, or forge could not do its work."""


@dataclass(frozen=True)
class Tally:
    """What happened, in the order of `Ledger.Tally`."""

    calls: int = 0
    posted: int = 0
    started: int = 0
    checkpoints: int = 0
    finished: int = 0
    expired: int = 0
    cancelled: int = 0
    withdrawals: int = 0
    reentries: int = 0
    refusals: int = 0
    rescues: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, field.name):,} {field.name}" for field in fields(self))

    @classmethod
    def of_run(cls, line: str) -> Tally:
        """Return what one run has written: words in hexadecimal."""
        words = bytes.fromhex(line.removeprefix("0x"))
        return cls(*(int.from_bytes(words[i : i + WORD_BYTES]) for i in range(0, len(words), WORD_BYTES)))


@contextmanager
def project() -> Iterator[Path]:
    """Give a copy of what the campaign compiles, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="deltaml-campaign-") as name:
        root = Path(name)
        shutil.copytree(CONTRACTS / "src", root / "src")
        shutil.copytree(CONTRACTS / "test" / "invariant", root / "test" / "invariant")
        shutil.copy(CONTRACTS / "test" / "Vm.sol", root / "test")
        shutil.copy(CONTRACTS / "foundry.toml", root)
        for tools in ("node_modules", "compiler"):
            (root / tools).symlink_to(CONTRACTS / tools)
        (root / RESULTS).mkdir(parents=True)
        yield root


def compile_project(root: Path) -> None:
    """Compile the campaign in `root`, so that several processes can share it."""
    command = [str(FORGE), "build", "test/invariant/MarketCampaign.t.sol"]
    environment = {**nodejs.environment(), "FOUNDRY_PROFILE": "campaign"}
    result = subprocess.run(  # noqa: S603  # built from our own paths
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise CampaignFailedError(f"the campaign does not compile:\n{result.stdout}{result.stderr}")


class _Forge:
    """One forge process with a share of the runs."""

    def __init__(self, root: Path, runs: int, seed: int) -> None:
        name = str(RESULTS / f"{seed:#x}")
        self._runs, self._tally_path, self._output_path = runs, root / name, root / f"{name}.json"
        self._lines_read, self._tally = 0, Tally()
        settings = {
            "FOUNDRY_PROFILE": "campaign",
            "FOUNDRY_INVARIANT_RUNS": str(runs),
            "FOUNDRY_INVARIANT_DEPTH": str(DEPTH),
            "FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR": f"{name}.failures",
            "CAMPAIGN_TALLY": name,
        }
        with self._output_path.open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603  # built from our own paths and numbers
                [str(FORGE), "test", "--json", "--fuzz-seed", hex(seed)],
                cwd=root,
                env={**nodejs.environment(), **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def tally(self) -> Tally:
        """What the runs that have ended so far add up to."""
        text = self._tally_path.read_text() if self._tally_path.exists() else ""
        # At the end forge plays its last run once more.
        lines = text[: text.rfind("\n") + 1].splitlines()[: self._runs]
        for line in lines[self._lines_read :]:
            self._tally += Tally.of_run(line)
        self._lines_read = len(lines)
        return self._tally

    def calls(self) -> int:
        """The calls that forge counted. Raises `CampaignFailedError` when it did not succeed."""
        output = self._output_path.read_text()
        suites = [json.loads(line) for line in output.splitlines() if line.startswith('{"test/')]
        if len(suites) != 1:
            raise CampaignFailedError(f"forge did not run the campaign:\n{output}")
        ((_, suite),) = suites[0].items()
        (outcome,) = suite["test_results"].values()
        if outcome["status"] != "Success":
            raise CampaignFailedError(_story(outcome))
        return int(outcome["kind"]["Invariant"]["calls"])


def _story(outcome: dict[str, object]) -> str:
    """Return forge's reason and the shortest sequence of calls that it found."""
    counterexample = outcome["counterexample"]
    steps = counterexample["Sequence"][1] if isinstance(counterexample, dict) else []
    calls = "\n".join(f"    {step['func_name']}({step['raw_args']})" for step in steps)
    return f"{outcome['reason']}, after\n{calls}"


def run(
    root: Path, *, runs: int, seed: int, processes: int = 1, report: Callable[[Tally], object] = lambda _: None
) -> tuple[Tally, int]:
    """Run the compiled campaign and return what happened in it, and the calls that forge counted.

    The `processes` share the runs of `DEPTH` calls each; process `i` draws from `seed + i`. `report` gets the tally so far
    every few seconds. Raises `CampaignFailedError` when the contract differs from the model.
    """
    with ExitStack() as stack:
        forges = []
        for i in range(processes):
            forges.append(_Forge(root, runs // processes + (i < runs % processes), seed + i))
            stack.callback(forges[-1].stop)
        reported, calls, waiting = time.monotonic(), 0, list(forges)
        while waiting:
            time.sleep(POLL_S)
            for forge in [forge for forge in waiting if not forge.running()]:
                waiting.remove(forge)
                calls += forge.calls()
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                report(sum((forge.tally() for forge in forges), Tally()))
        return sum((forge.tally() for forge in forges), Tally()), calls


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Random calls against the marketplace contract.")
    parser.add_argument("--calls", type=int, default=5_000_000, help="how many at least (default: %(default)s)")
    parser.add_argument(
        "--seed",
        type=lambda text: int(text, 0),
        default=secrets.randbits(64),
        help="where the draws begin (default: random)",
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one a processor")
    return parser.parse_args()


def main() -> int:
    """Run the campaign that the command line asks for; return the exit code."""
    arguments = _arguments()
    digest = json.loads(ARTIFACT.read_text())["metadata"]["sourceDigest"]
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201

    say(f"seed {arguments.seed:#x}, {arguments.processes} processes, sources {digest}")
    try:
        with project() as root:
            compile_project(root)
            tally, calls = run(
                root,
                runs=-(-arguments.calls // DEPTH),
                seed=arguments.seed,
                processes=arguments.processes,
                report=lambda so_far: say(str(so_far)),
            )
    except CampaignFailedError as error:
        say(f"FAILED with seed {arguments.seed:#x}: {error}")
        return 1
    print(f"{calls:,} calls in {time.monotonic() - began:.0f} s, none against the model: {tally}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
