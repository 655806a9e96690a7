"""Real services on loopback for the command line to talk to: a buyer's and an owner's, each with its own database."""

from __future__ import annotations

import itertools
import logging
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from eth_account import Account
from flask import Flask

from commons.chain.jobs import Quote
from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from commons.computations.linear_regression.spec import Feature
from commons.computations.registry import JobSpec
from commons.errors import ChainUnavailable
from commons.web import session_api
from deltaml.cli import run
from model_buyer.app import create_app as create_buyer_app
from model_buyer.config import BuyerConfig
from model_buyer.domain.stages import DeliveryCheck, Settlement, Stage
from model_buyer.tables import Job
from model_buyer.wiring import Parts
from model_buyer.wiring import assemble as assemble_buyer
from model_buyer.wiring import prepare as prepare_buyer
from tests.doubles.around_buyer import job_row, put_job
from tests.doubles.job_specs import job_spec
from tests.doubles.serving import serving

PASSWORD = "correct horse"
NOBODY = "http://127.0.0.1:9"
CONTRACT = "0x" + "C0" * 20
SECRETS = {"DELTAML_KEYSTORE_PASSWORD": "a password", "DELTAML_ADMIN_PASSWORD": PASSWORD}


@dataclass
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


class RichEnough:
    """The chain, as far as posting a job asks it: the account's money. It does not answer anything else."""

    def balance_wei(self, address: str) -> int:
        return 10**18

    def posting_cost_wei(self) -> int:
        return 1000

    def quote(self, job_id: int) -> Quote:
        raise ChainUnavailable("the Ethereum node does not answer")

    def contributions(self, job_id: int) -> tuple[int, ...]:
        raise ChainUnavailable("the Ethereum node does not answer")


@pytest.fixture(autouse=True, scope="module")
def _services_log_nothing() -> Iterator[None]:
    # They run in this process, whose output is the command's.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True, scope="session")
def _sign_ins_come_fast() -> Iterator[None]:
    # Each command signs in, and there are more of them in a second than people type.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_api, "SIGN_IN_BURST", 10_000)
        yield


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("DELTAML_"):
            monkeypatch.delenv(name)


@pytest.fixture
def deltaml(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setenv("DELTAML_PASSWORD", PASSWORD)

    def call(*arguments: object) -> Ran:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="module")
def buyer_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    folder = tmp_path_factory.mktemp("buyer")
    options = {"state_dir": folder, "contract_address": CONTRACT, "eth_rpc_url": NOBODY, "aggregator_url": NOBODY}
    config = BuyerConfig.read(options, SECRETS)
    made = assemble_buyer(config, Account.from_key("0x" + "44" * 32), prepare_buyer(config))
    yield replace(made, buyer=replace(made.buyer, chain=RichEnough()))  # type: ignore[arg-type]
    made.buyer.database.dispose()


@pytest.fixture(scope="module")
def buyer_app(buyer_parts: Parts) -> Flask:
    return create_buyer_app(buyer_parts)


@pytest.fixture(scope="module")
def buyer_url(buyer_app: Flask) -> Iterator[str]:
    with serving(buyer_app) as url:
        yield url


@pytest.fixture(scope="module")
def breaking_url(buyer_app: Flask) -> Iterator[str]:
    """The buyer's service, which posts a job and is cut off before it has said so, every other time."""
    posted = itertools.count()

    def breaking(environ: dict[str, Any], start_response: Any) -> Any:
        answer = buyer_app(environ, start_response)
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/v1/jobs") and next(posted) % 2 == 0:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    with serving(breaking) as url:
        yield url


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    """What the aggregator of the owner shows: fill it with views of jobs by number."""
    return {}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which the owner's service reads files where they lie."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def owner_url(tmp_path_factory: pytest.TempPathFactory, board: dict[str, Any], data_dir: Path) -> Iterator[str]:
    from data_owner.app import create_app as create_owner_app
    from data_owner.config import OwnerConfig
    from data_owner.wiring import assemble, prepare

    aggregator = Flask("board")
    aggregator.add_url_rule("/v1/jobs/versions", "versions", lambda: {"versions": dict.fromkeys(board, "1")})
    aggregator.add_url_rule("/v1/jobs", "jobs", lambda: {"jobs": list(board.values())})
    aggregator.add_url_rule("/v1/jobs/<job_id>", "job", lambda job_id: board.get(job_id) or ({}, 404))
    with serving(aggregator) as aggregator_url:
        options = {
            "state_dir": tmp_path_factory.mktemp("owner"),
            "contract_address": CONTRACT,
            "eth_rpc_url": NOBODY,
            "aggregator_url": aggregator_url,
            "data_dirs": data_dir,
        }
        config = OwnerConfig.read(options, SECRETS)
        parts = assemble(config, Account.from_key("0x" + "55" * 32), prepare(config))
        with serving(create_owner_app(parts)) as url:
            yield url


def make_spec(title: str) -> JobSpec:
    return job_spec(
        title=title,
        features=(Feature(name="rain", minimum=0, maximum=100, unit="mm"),),
        target=Feature(name="yield", minimum=0, maximum=10, unit="t"),
        deposit_wei=10**17,
        start_by=2_000_000_000,
        finish_by=2_000_001_000,
        role_seed=7,
    )


@pytest.fixture(scope="module")
def finished_job(buyer_parts: Parts) -> Job:
    model = LinearModel(
        features=(FeatureRange("rain", 0, 100, "mm"),),
        target=FeatureRange("yield", 0, 10, "t"),
        weights=(0.05,),
        intercept=1.5,
    )
    job = job_row(
        make_spec("Finished"),
        id="f1" * 16,
        created_at=1_800_000_000.0,
        stage=Stage.FINISHED,
        chain_job_id=41,
        settlement=Settlement(4 * 10**16, 6 * 10**16, 1_800_000_100.0),
        outcome_json=model.to_json(),
        delivery_check=DeliveryCheck.MATCHES,
    )
    return put_job(buyer_parts.buyer.database, job)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("rain,note,yield,flat\n10,dry,1.5,1\n90.5,wet,8,1\n")
    return path
