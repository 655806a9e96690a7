"""Memory of a process and of those that it started."""

from __future__ import annotations

from pathlib import Path

_OWN = ("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, parents = [pid], [pid]
    while parents:
        parent = parents.pop()
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        found += map(int, children)
        parents += map(int, children)
    return found


def memory_mib(pids: list[int]) -> float:
    """What processes hold that no other process shares, in MiB."""
    rows = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(row.split()[1]) for row in rows if row.startswith(_OWN)) / 1024
