"""`deltaml job` against a real buyer service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from commons.computations.linear_regression.learning import LinearModel
from commons.errors import InvalidInput
from deltaml.job_view import print_result
from deltaml.service_session import ServiceSession
from model_buyer.domain.stages import Stage
from model_buyer.tables import Job
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import job_row, put_job
from tests.doubles.counting_kind import Counted, put_in_place


@pytest.fixture
def job_command(deltaml: Any, buyer_url: str) -> Any:
    return lambda command, *arguments: deltaml("job", command, "--url", buyer_url, *arguments)


def test_a_job_is_posted_from_a_file_of_rows(job_command: Any, csv_file: Path) -> None:
    done = job_command(
        "post", "--title", "Yield", "--from-csv", csv_file, "--target", "yield", "--deposit", "0.1ether", "--json"
    )
    assert (done.code, done.err) == (0, "")
    posted = json.loads(done.out)
    shown = json.loads(job_command("show", posted["id"], "--json").out)
    assert shown["spec"]["computation"]["features"] == [{"name": "rain", "minimum": 10.0, "maximum": 90.5, "unit": ""}]
    assert shown["deposit_wei"] == str(10**17)


def test_a_job_is_posted_from_options_and_shown_to_a_person(job_command: Any) -> None:
    done = job_command(
        "post",
        *("--title", "Crop [bold]", "--feature", "rain:0:100:mm", "--target", "yield:0:10:t", "--deposit", "5gwei"),
        *("--early-stop", "0.01", "--patience", "3", "--trainer-bps", "6000", "--finish-within", "3d"),
    )
    assert done.code == 0
    start = done.out.split("deltaml job show ")[1].split()[0]
    shown = job_command("show", start)
    assert "Crop [bold]" in shown.out
    assert "5000000000 wei" in shown.out
    assert "job accepted; its key is being made" in shown.out
    spec = json.loads(job_command("show", start, "--json").out)["spec"]
    assert spec["computation"]["early_stop"] == {"minimum_improvement": 0.01, "patience": 3}
    assert spec["pay"]["trainer_bps"] == 6000


def test_a_job_whose_posting_is_cut_off_is_posted_once(deltaml: Any, breaking_url: str) -> None:
    job = ("--title", "Cut off", "--feature", "rain:0:100", "--target", "yield:0:10", "--deposit", "1gwei")
    for number in (1, 2):
        done = deltaml("job", "post", "--url", breaking_url, *job, "--json")
        assert (done.code, done.err) == (0, "")
        listed = json.loads(deltaml("job", "list", "--url", breaking_url, "--json").out)
        found = [one["id"] for one in listed["jobs"] if one["title"] == "Cut off"]
        assert len(found) == number
        assert json.loads(done.out)["id"] == found[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--deposit", "1"], 2, "title: field required"),
        (
            ["--title", "T", "--feature", "a:1:1", "--target", "y:0:1", "--deposit", "1"],
            2,
            "a constant teaches nothing",
        ),
        (["--title", "T", "--feature", "a:0:1", "--target", "y:0:1", "--deposit", "9ether"], 3, "deposit_wei"),
        (
            ["--title", "T", "--feature", "a:0:1", "--target", "y:0:1", "--deposit", "1", "--key-bits", "512"],
            2,
            "key_bits",
        ),
        (["--spec", "absent.json"], 3, "absent.json: there is no such file"),
    ],
)
def test_a_job_that_cannot_be_is_one_line_naming_the_field(
    job_command: Any, arguments: list[str], code: int, words: str
) -> None:
    done = job_command("post", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ")
    assert words in done.err
    assert done.err.count("\n") == 1


def test_a_finished_job_is_found_by_number_and_by_the_beginning_of_its_id(job_command: Any, finished_job: Job) -> None:
    for wanted in ("41", "#41", "f1f1", finished_job.id):
        done = job_command("show", wanted)
        assert done.code == 0
        assert "refunded         0.06 ETH" in done.out
    assert "Finished" in job_command("list").out
    assert finished_job.id in job_command("list", "--json").out


def test_following_a_finished_job_ends_at_once(job_command: Any, finished_job: Job) -> None:
    done = job_command("show", "41", "--follow", "--json")
    assert done.code == 0
    assert json.loads(done.out)["id"] == finished_job.id


def test_a_model_is_printed_or_written(job_command: Any, finished_job: Job, tmp_path: Path) -> None:
    printed = LinearModel.from_json(job_command("model", "41").out)
    assert (printed.weights, printed.intercept) == ((0.05,), 1.5)
    file = tmp_path / "model.json"
    assert job_command("model", "41", "--output", file).out == ""
    assert LinearModel.from_json(file.read_text()) == printed
    assert json.loads(job_command("model", "41", "--sklearn").out)["coef_"] == [0.05]
    done = job_command("model", "41", "--output", tmp_path / "absent" / "model.json")
    assert done.code == 2
    assert "cannot be written" in done.err


def test_predictions_come_from_options_and_from_files(job_command: Any, finished_job: Job, tmp_path: Path) -> None:
    assert job_command("predict", "41", "--value", "rain=20").out == "2.5\n"
    rows = tmp_path / "rows.csv"
    rows.write_text("rain,note\n20,a\n0,b\n")
    assert json.loads(job_command("predict", "41", "--csv", rows, "--json").out)["predictions"] == [2.5, 1.5]
    rows.write_text("rain,note\n20,a\n,b\n")
    done = job_command("predict", "41", "--csv", rows)
    assert (done.code, done.err) == (2, "error: row 2, 'rain': missing; expected a number\n")


def test_unknown_and_ambiguous_jobs_are_told_apart(job_command: Any, buyer_parts: Parts, finished_job: Job) -> None:
    for command in ("show", "cancel", "model"):
        done = job_command(command, "zzz")
        assert (done.code, done.err) == (3, "error: there is no job 'zzz'; `deltaml job list` shows them\n")
    put_job(buyer_parts.buyer.database, job_row(finished_job.spec, id="f1" + "0" * 30, chain_job_id=42))
    done = job_command("show", "f1")
    assert done.code == 3
    assert "2 jobs have an id that begins with 'f1'; give more of it" in done.err


def test_a_finished_job_cannot_be_cancelled(job_command: Any, finished_job: Job) -> None:
    done = job_command("cancel", "41")
    assert done.code == 3
    assert "is finished and cannot be cancelled" in done.err


def test_profiles_say_where_and_who(deltaml: Any, buyer_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("DELTAML_PASSWORD")
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"url": buyer_url, "user": "admin", "password": "correct horse"}))
    assert deltaml("job", "list", "--profile", profile).code == 0
    profile.write_text(json.dumps({"url": buyer_url, "user": "admin", "password": "wrong"}))
    done = deltaml("job", "list", "--profile", profile)
    assert (done.code, done.err) == (2, "error: wrong user name or password\n")
    profile.write_text(json.dumps({"address": buyer_url}))
    done = deltaml("job", "list", "--profile", profile)
    assert done.code == 2
    assert "unexpected 'address'" in done.err


def test_a_service_that_does_not_answer_is_named(deltaml: Any) -> None:
    done = deltaml("job", "list", "--url", "http://127.0.0.1:9")
    assert done.code == 4
    assert "the service at http://127.0.0.1:9 does not answer; check that it runs and that --url is right" in done.err


def test_a_result_is_told_in_lines_or_printed_or_written(job_command: Any, finished_job: Job, tmp_path: Path) -> None:
    told = job_command("result", "41")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == ["predicts   yield t", "rain       0.05", "intercept  1.5"]
    printed = json.loads(job_command("result", "41", "--json").out)
    assert printed == json.loads(job_command("model", "41").out)
    file = tmp_path / "result.json"
    assert job_command("result", "41", "--output", file).out == ""
    assert json.loads(file.read_text()) == printed


def test_a_job_without_a_result_says_why(job_command: Any, buyer_parts: Parts, finished_job: Job) -> None:
    put_job(buyer_parts.buyer.database, job_row(finished_job.spec, id="e1" * 16, stage=Stage.CANCELLED))
    for command in ("result", "model"):
        done = job_command(command, "e1")
        assert done.code == 3
        assert "has no result: it was cancelled before it started" in done.err


def test_a_job_of_another_kind_is_shown_without_an_error_of_a_model(
    job_command: Any, buyer_parts: Parts, finished_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch)
    counted = job_row(finished_job.spec, id="c0" * 16, title="Counted", stage=Stage.FINISHED)
    counted.outcome_json = Counted(30).to_json()
    put_job(buyer_parts.buyer.database, counted)
    assert job_command("result", "c0c0").out == "rows  30\n"
    shown = job_command("show", "c0c0").out
    assert "MSE" not in shown
    assert "kind" in shown
    done = job_command("model", "c0c0")
    assert done.code == 3
    assert "is no model" in done.err


def test_a_result_of_a_kind_that_is_not_known_here_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput, match="does not know the computation 'labelling'; --json prints its result"):
        print_result("labelling", {})


def test_statistics_are_asked_for_with_columns_of_a_file(job_command: Any, csv_file: Path) -> None:
    """What is sent is looked at in test_job_spec; here the command line's own part is."""
    sent: list[Any] = []
    with patch.object(ServiceSession, "post_once", lambda _, path, body: sent.append((path, body)) or {"id": "x" * 32}):
        done = job_command(
            *("post", "--kind", "statistics", "--title", "T", "--from-csv", csv_file, "--columns", "rain, note"),
            *("--column", "sun:0:24:h", "--category", "soil:clay,sand", "--correlation", "--bins", "5"),
            *("--min-owners", "3", "--deposit", "1gwei", "--json"),
        )
    assert (done.code, done.err) == (0, "")
    [(path, body)] = sent
    assert path == "/v1/jobs"
    assert body["computation"] == {
        "kind": "statistics",
        "columns": [
            {"kind": "number", "name": "rain", "minimum": 10.0, "maximum": 90.5, "unit": "", "bins": 5},
            {"kind": "category", "name": "note", "levels": ["dry", "wet"]},
            {"kind": "number", "name": "sun", "minimum": 0.0, "maximum": 24.0, "unit": "h", "bins": 5},
            {"kind": "category", "name": "soil", "levels": ["clay", "sand"]},
        ],
        "correlation": True,
    }
    assert (body["title"], body["min_owners"], body["deposit_wei"]) == ("T", 3, 10**9)
    assert "pay" not in body


def test_a_kind_that_the_service_does_not_know_is_refused_with_the_field(job_command: Any, tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    spec.write_text(json.dumps({"title": "T", "deposit_wei": 1, "computation": {"kind": "labelling"}}))
    done = job_command("post", "--spec", spec)
    assert done.code == 2
    assert done.err.startswith("error: computation.kind: expected a computation that is known here: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "statistics", "--columns", "a"], "add --from-csv FILE"),
        (["--kind", "statistics", "--feature", "a:0:1"], "--feature is for --kind linear_regression"),
        (["--correlation"], "--correlation is for --kind statistics"),
    ],
)
def test_options_that_do_not_fit_are_named_with_the_remedy(job_command: Any, arguments: list[str], words: str) -> None:
    done = job_command("post", "--title", "T", "--deposit", "1", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
