"""The contract's own tests reach all of it, and Slither finds nothing in it that is not explained beside the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# The compiler is JavaScript and slow on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[3]
SETUP_FAILED = 3  # scripts/slither.sh

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Coverage:
    """What an lcov report says of one source: how often each line, function and branch was taken."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    branches: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))  # by line and block


def parse_lcov(report: str) -> dict[str, Coverage]:
    """The coverage of each source by its path. Records: https://man.archlinux.org/man/geninfo.1#TRACEFILE_FORMAT"""
    sources: dict[str, Coverage] = {}
    for record in report.splitlines():
        kind, _, text = record.partition(":")
        match kind:
            case "SF":
                source = sources.setdefault(text, Coverage())
            case "DA":
                line, count = text.split(",")
                source.lines[int(line)] = int(count)
            case "FNDA":
                count, name = text.split(",", 1)
                source.functions[name] = int(count)
            case "BRDA":
                line, block, _, count = text.split(",")
                source.branches[int(line), int(block)].append(0 if count == "-" else int(count))
    return sources


def decided_one_way(source: Coverage, code: list[str], line: int, taken: list[int]) -> bool:
    """Whether a decision, at `line` of `code`, always went the same way."""
    if min(taken) == 0:
        return True
    # forge counts an `if` without `else` as one branch, and the other way has to be seen by what it leads to. Where the body
    # leaves, that is the next line.
    leaves = re.match(r".*\)\s*\{?\s*(revert|return)\b", "\n".join(code[line - 1 : line + 1]), flags=re.DOTALL)
    if len(taken) > 1 or leaves:
        return False
    # Otherwise it is every time that the `if` was passed by. A condition that is a bare variable has no count of its own; the
    # line before it has.
    arrived = source.lines.get(line, 0)
    if arrived <= taken[0]:
        arrived = source.lines[max(number for number in source.lines if number < line)]
    return arrived <= taken[0]


def gaps(source: Coverage, code: list[str]) -> list[str]:
    """Everything that was not reached, in words."""
    found = [f"line {line} was never reached" for line, count in source.lines.items() if count == 0]
    found += [f"{function} was never called" for function, count in source.functions.items() if count == 0]
    found += [
        f"line {line} was decided one way only"
        for (line, _), taken in source.branches.items()
        if decided_one_way(source, code, line, taken)
    ]
    return found


@pytest.fixture(scope="module")
def coverage(forge: Run, contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Coverage]:
    report = tmp_path_factory.mktemp("coverage") / "lcov.info"
    # Coverage compiles without the optimizer, under which gas means nothing.
    options = ("--no-match-contract", "MarketplaceGas", "--report", "lcov", "--report-file", str(report))
    done = forge("coverage", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    sources = parse_lcov(report.read_text())
    return {path: source for path, source in sources.items() if path.startswith("src/")}


def test_every_line_function_and_branch_is_reached(coverage: dict[str, Coverage], contracts: Path) -> None:
    # An interface has no code.
    written = {path.relative_to(contracts).as_posix() for path in (contracts / "src").rglob("*.sol")}
    assert set(coverage) == written - {"src/IMarketplace.sol"}
    for path, source in coverage.items():
        assert gaps(source, (contracts / path).read_text().splitlines()) == [], path


def test_the_report_has_every_decision(coverage: dict[str, Coverage], contracts: Path) -> None:
    for path, source in coverage.items():
        code = re.sub(r"//.*", "", (contracts / path).read_text())
        assert len(source.branches) == len(re.findall(r"\bif \(", code)), path
        assert len(source.functions) >= len(re.findall(r"\bfunction \w+\(", code)), path


def test_gaps_are_found() -> None:
    code = """function example() {
    if (never) revert Refused();
    if (always) total += 1;
    if (sometimes) {
        total += 2;
    }
    if (twice) total = 3; else total = 4;
}"""
    report = """
SF:src/Example.sol
DA:1,3
DA:2,3
BRDA:2,0,0,0
DA:3,3
BRDA:3,1,0,3
DA:4,2
BRDA:4,2,0,2
DA:5,2
DA:7,0
BRDA:7,3,0,3
BRDA:7,3,1,-
FNDA:3,Example.example
FNDA:0,Example.forgotten
end_of_record"""
    assert gaps(parse_lcov(report)["src/Example.sol"], code.splitlines()) == [
        "line 7 was never reached",
        "Example.forgotten was never called",
        "line 2 was decided one way only",
        "line 3 was decided one way only",
        "line 7 was decided one way only",
    ]


@pytest.mark.soak
@pytest.mark.timeout(900)  # the first time it sets itself up
def test_slither_finds_nothing_of_weight() -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "slither.sh", "--json", "-"], capture_output=True, text=True, check=False, timeout=840
    )
    if done.returncode == SETUP_FAILED and os.environ.get("CI") != "true":
        pytest.skip(f"slither could not be set up: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode != SETUP_FAILED, done.stderr
    report = json.loads(done.stdout)
    assert report["success"], report["error"]
    findings = report["results"]["detectors"]
    # That it complains of little things shows that it saw the sources.
    seen = {element["source_mapping"]["filename_relative"] for finding in findings for element in finding["elements"]}
    assert seen == {"src/Marketplace.sol"}
    heavy = [finding["description"] for finding in findings if finding["impact"] in {"High", "Medium"}]
    assert heavy == []


def test_whatever_is_kept_from_slither_has_its_reason_beside_it(contracts: Path) -> None:
    unexplained = []
    for path in (contracts / "src").rglob("*.sol"):
        before = ""
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if "slither-disable" in line:
                single = re.fullmatch(r"\s*// slither-disable-next-line (?!all\b)[a-z0-9-]+", line)
                reason = re.fullmatch(r"\s*// (?!slither-).{20,}", before)
                if not (single and reason):
                    unexplained.append(f"{path.name}:{number}")
            before = line
    assert unexplained == []
