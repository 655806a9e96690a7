"""`deltaml dataset`, `offer`, `earnings`, `withdraw` against a real owner service; the chain is away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commons.computations.linear_regression.spec import Feature
from commons.computations.registry import JobSpec
from commons.computations.statistics.pay import equal_parts
from tests.doubles.job_specs import job_spec


@pytest.fixture
def owner_command(deltaml: Any, owner_url: str) -> Any:
    def call(*words: object) -> Any:
        return deltaml(*words, "--url", owner_url)

    return call


@pytest.fixture
def emptied(owner_command: Any) -> Iterator[None]:
    """The service has no dataset afterwards."""
    yield
    for dataset in json.loads(owner_command("dataset", "list", "--json").out)["datasets"]:
        owner_command("dataset", "remove", dataset["dataset_id"])


@pytest.fixture
def offered(board: dict[str, Any]) -> int:
    now = int(time.time())
    spec = job_spec(
        title="Yield",
        description="How much grows",
        features=(Feature(name="rain", minimum=0, maximum=100, unit="mm"),),
        target=Feature(name="yield", minimum=0, maximum=10, unit="t"),
        deposit_wei=10**17,
        start_by=now + 1000,
        finish_by=now + 2000,
        role_seed=7,
    )
    return on_board(board, 7, spec)


@pytest.fixture
def correlations_asked_for(board: dict[str, Any]) -> Iterator[int]:
    """A job that owners agree to with a consent beside the terms; it is gone afterwards."""
    now = int(time.time())
    columns = (("rain", 100), ("yield", 10))
    spec = JobSpec.model_validate(
        {
            "title": "What grows where",
            "computation": {
                "kind": "statistics",
                "columns": [{"kind": "number", "name": name, "minimum": 0, "maximum": most} for name, most in columns],
                "correlation": True,
            },
            "min_owners": 3,
            "pay": equal_parts(3).model_dump(),
            "deposit_wei": 10**17,
            "start_by": now + 1000,
            "finish_by": now + 2000,
            "role_seed": 7,
        }
    )
    yield on_board(board, 8, spec)
    del board["8"]


def on_board(board: dict[str, Any], job_id: int, spec: JobSpec) -> int:
    board[str(job_id)] = {
        "job_id": job_id,
        "state": "recruiting",
        "step": None,
        "round": 0,
        "buyer": "0x" + "B0" * 20,
        "spec": spec.model_dump(mode="json"),
        "owners": [],
        "waiting_for": {"who": [], "what": f"data owners to accept (0 of {spec.min_owners})", "until": spec.start_by},
        "reason": None,
    }
    return job_id


def test_a_dataset_is_added_shown_and_removed(owner_command: Any, csv_file: Path) -> None:
    done = owner_command("dataset", "add", csv_file, "--name", "Rows [2026]", "--tag", "weather")
    assert done.code == 0, done.err
    assert "Rows [2026]" in done.out
    assert "rain" in done.out
    [dataset] = json.loads(owner_command("dataset", "list", "--json").out)["datasets"]
    assert (dataset["row_count"], dataset["tags"]) == (2, ["weather"])
    start = dataset["dataset_id"][:6]
    assert "90.5" in owner_command("dataset", "show", start).out
    assert owner_command("dataset", "remove", start).out == f"removed {dataset['dataset_id']}\n"
    done = owner_command("dataset", "show", start)
    assert done.code == 3
    assert f"there is no dataset '{start}'" in done.err


def test_a_file_of_ones_own_is_copied_to_the_service(owner_command: Any, emptied: None, csv_file: Path) -> None:
    done = owner_command(
        "dataset", "add", csv_file, "--description", "größer", "--tag", "weather", "--tag", "2026", "--json"
    )
    assert done.code == 0, done.err
    added = json.loads(done.out)
    csv_file.unlink()
    assert (added["uploaded"], added["name"], added["description"]) == (True, "rows", "größer")
    assert added["tags"] == ["weather", "2026"]
    assert Path(added["path"]).read_text().startswith("rain,note,yield,flat\n")


def test_a_file_in_a_folder_of_the_service_is_read_where_it_lies_unless_a_copy_is_wanted(
    owner_command: Any, emptied: None, csv_file: Path, data_dir: Path, tmp_path: Path
) -> None:
    lying = data_dir / "rows.csv"
    csv_file.rename(lying)
    added = json.loads(owner_command("dataset", "add", lying, "--tag", "weather", "--json").out)
    assert (added["uploaded"], added["path"], added["tags"]) == (False, str(lying), ["weather"])
    link = tmp_path / "link"
    link.symlink_to(data_dir)
    done = owner_command("dataset", "add", link / "rows.csv")
    assert (done.code, "was added before" in done.err) == (3, True)
    assert json.loads(owner_command("dataset", "add", lying, "--upload", "--json").out)["uploaded"]


def test_a_file_that_cannot_be_used_is_named(owner_command: Any, tmp_path: Path) -> None:
    done = owner_command("dataset", "add", tmp_path / "absent.csv")
    assert done.code == 3
    assert "absent.csv" in done.err
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("a,b\n1,2\n3\n")
    done = owner_command("dataset", "add", ragged)
    assert done.code == 2
    assert "ragged.csv" in done.err


def test_offers_are_listed_shown_and_declined(owner_command: Any, offered: int, csv_file: Path) -> None:
    listed = owner_command("offer", "list")
    assert listed.code == 0
    assert "WAITING" in listed.out
    owner_command("dataset", "add", csv_file)
    shown = owner_command("offer", "show", offered)
    assert "status" in shown.out
    assert "READY" in shown.out
    assert "trainers 70 %, validators 20 %, aggregators 10 %" in shown.out
    assert (
        json.loads(owner_command("offer", "list", "--status", "ready", "--json").out)["offers"][0]["job_id"] == offered
    )
    assert "DECLINED" in owner_command("offer", "decline", offered).out
    assert json.loads(owner_command("offer", "list", "--status", "READY", "--json").out)["offers"] == []


def test_accepting_before_the_key_is_shown_is_not_available(owner_command: Any, offered: int, csv_file: Path) -> None:
    owner_command("dataset", "add", csv_file)
    done = owner_command("offer", "accept", offered, "--role", "trainer")
    assert done.code == 4
    assert "has not shown the buyer's key yet" in done.err


def test_a_consent_that_is_missing_is_named_and_can_be_given(
    owner_command: Any, emptied: None, correlations_asked_for: int, csv_file: Path
) -> None:
    owner_command("dataset", "add", csv_file)
    assert "consents     correlation\n" in owner_command("offer", "show", correlations_asked_for).out
    for given in ([], ["--consent", "again"]):
        done = owner_command("offer", "accept", correlations_asked_for, *given)
        assert done.code == 2
        assert "the job asks for 'correlation', which tells more of the rows than its terms do" in done.err
        assert "add 'correlation' to consents to agree" in done.err
        assert done.err.count("\n") == 1
    done = owner_command("offer", "accept", correlations_asked_for, "--consent", "again", "--consent", "correlation")
    assert done.code == 4
    assert "has not shown the buyer's key yet" in done.err


@pytest.mark.parametrize("columns", ["rain", "=x", "rain="])
def test_a_column_mapping_that_is_none_is_refused(owner_command: Any, offered: int, columns: str) -> None:
    done = owner_command("offer", "accept", offered, "--column", columns)
    assert (done.code, done.err) == (2, f"error: --column '{columns}': expected JOB_NAME=FILE_NAME\n")


def test_unknown_offers_are_not_found(owner_command: Any) -> None:
    assert owner_command("offer", "show", 99).code == 3


def test_earnings_say_that_the_chain_is_away(owner_command: Any) -> None:
    done = owner_command("earnings")
    assert done.code == 0
    assert "can be withdrawn: –" in done.out
    assert "127.0.0.1:9" in done.err
    assert json.loads(owner_command("earnings", "--json").out)["jobs"] == []


def test_withdrawing_without_a_chain_is_not_available(owner_command: Any) -> None:
    assert owner_command("withdraw").code == 4
