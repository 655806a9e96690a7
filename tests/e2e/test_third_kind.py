"""A kind of another package (`tests/toy`) runs on the services as they are, from post to payout; owners learn what it tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
from pathlib import Path

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import run_job
from deltaml.demo.world import DATA_DIR, running_world
from tests.support.money import Money

folder, parts = Path(sys.argv[1]), ([1, 2, 3], [4], [10, 0, 7])
request = {
    "title": "Apples",
    "computation": {"kind": "toy_sum", "column": "apples", "minimum": 0, "maximum": 10},
    "min_owners": 3, "deposit_wei": "9000000", "start_within_s": 600, "finish_within_s": 3600, "role_seed": 1,
    "key_bits": 1024,
}
offers = []
with running_world(DemoOptions(owners=3, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, chain="anvil"), folder) as world:
    for owner, rows in zip(world.owners, parts, strict=True):
        path = folder / owner.login.name / DATA_DIR / "rows.csv"
        path.write_text("apples\\n" + "".join(f"{row}\\n" for row in rows))
        owner.session.post("/v1/datasets", {"path": str(path), "name": "orchard"})
    with Acceptors(world) as acceptors:
        finished = run_job(world, request, lambda job: None, acceptors)
    number = int(finished.job["job_id"])
    paid = Money(world).assert_paid_once(number)
    print(json.dumps({
        "result": finished.result,
        "paid": sorted(one.amount_wei for one in paid if one.payee in {owner.address for owner in world.owners}),
        "learns": world.owners[0].session.get(f"/v1/offers/{number}")["learns"],
    }))
"""


@pytest.mark.e2e
@pytest.mark.soak
def test_it_runs_from_post_to_payout(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests/toy")))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["result"] == {"format": "toy sum", "sum": 27}
    assert [learnt["code"] for learnt in printed["learns"]] == ["sum"]
    assert len(printed["paid"]) == 3
    assert min(printed["paid"]) > 0
