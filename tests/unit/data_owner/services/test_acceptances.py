"""Accepting: what is checked, what is signed, what is stored, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from commons.chain.jobs import JobState
from commons.chain.signing import recover_acceptance, recover_declaration
from commons.ciphers.paillier import STANDARD_KEYS
from commons.computations.job_facts import RoleRule
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.spec import Feature
from commons.computations.registry import JobSpec
from commons.errors import (
    ChainUnavailable,
    Conflict,
    DatasetInvalid,
    HeadroomExceeded,
    InvalidInput,
    KeyProofInvalid,
    KeyTooSmall,
    NotAllowed,
    NotFound,
    ServiceUnavailable,
)
from commons.market.declaration import Declaration
from commons.market.roles import trainer_count
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.datasets import DatasetDetails
from data_owner.tables import OUTBOX, Acceptance, AcceptanceState
from tests.support.worthless_keys import worthless_key, worthless_proof


def stored(world: Any, job_id: int = 1) -> Acceptance | None:
    with world.database.snapshot() as session:
        row: Acceptance | None = session.get(Acceptance, job_id)
        return row


def refused(world: Any, error: type[Exception], match: str, request: AcceptRequest | None = None) -> None:
    with pytest.raises(error, match=match):
        world.acceptances.accept(1, request or AcceptRequest())
    assert stored(world) is None


def test_the_terms_on_chain_are_what_is_signed(world: Any) -> None:
    job = world.post_job(1)
    dataset_id = world.add_rows(rows=5)
    acceptance = world.acceptances.accept(1, AcceptRequest(roles=2))
    assert (acceptance.dataset_id, acceptance.row_count, acceptance.roles) == (dataset_id, 5, 2)
    assert acceptance.state is AcceptanceState.PENDING
    terms = job.on_chain.acceptance_terms(world.address, 2)
    assert recover_acceptance(world.chain.domain, terms, acceptance.signature) == world.address
    assert acceptance.deadline == terms.deadline == 3000
    assert JobSpec.model_validate_json(acceptance.spec).digest() == job.on_chain.terms.spec_digest
    assert len(acceptance.mask_secret) == 32


def test_each_acceptance_draws_a_mask_secret_of_its_own(world: Any) -> None:
    world.add_rows()
    secrets = set()
    for job_id in (1, 2, 3):
        world.post_job(job_id)
        secrets.add(world.acceptances.accept(job_id, AcceptRequest()).mask_secret)
    assert len(secrets) == 3


def test_repeating_it_returns_what_is_stored_and_something_else_is_a_conflict(world: Any) -> None:
    world.post_job(1)
    world.add_rows("one.csv")
    other_id = world.add_rows("two.csv")
    first = world.acceptances.accept(1, AcceptRequest())
    world.aggregator.away = world.chain.away = True
    again = world.acceptances.accept(1, AcceptRequest(dataset_id=first.dataset_id))
    assert again.signature == first.signature
    for request in (AcceptRequest(dataset_id=other_id), AcceptRequest(roles=1)):
        with pytest.raises(Conflict, match="withdraw the acceptance first"):
            world.acceptances.accept(1, request)


def test_columns_of_other_names_can_be_mapped(world: Any) -> None:
    world.post_job(1)
    world.add_rows(columns="alpha,b,y")
    refused(world, InvalidInput, "There is no column 'a'")
    refused(world, InvalidInput, "'z', which the job does not ask for", AcceptRequest(column_mapping={"z": "alpha"}))
    acceptance = world.acceptances.accept(1, AcceptRequest(column_mapping={"a": "alpha"}))
    assert acceptance.column_mapping == {"a": "alpha"}


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("spec_digest", b"\x01" * 32),
        ("key_digest", b"\x01" * 32),
        ("trainer_bps", 6999),
        ("validator_bps", 1),
        ("aggregator_bps", 2000),
        ("start_by", 1999),
        ("finish_by", 3001),
    ],
)
def test_a_term_that_differs_on_chain_is_named(world: Any, term: str, value: object) -> None:
    job = world.post_job(1)
    world.add_rows()
    job.on_chain = replace(job.on_chain, terms=replace(job.on_chain.terms, **{term: value}))
    name = {"spec_digest": "specification", "key_digest": "key"}.get(term, term)
    refused(world, Conflict, f"^{name}: ")


def test_a_deposit_below_the_promise_is_refused_with_both_amounts(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    job.on_chain = replace(job.on_chain, deposit_wei=5)
    refused(world, Conflict, "only 5 wei are escrowed on chain, the job promises 1000000000")


def test_an_altered_specification_does_not_pass_for_the_agreed_one(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    job.view["spec"]["computation"] |= {"rounds": 5}
    refused(world, Conflict, "^specification: ")


def test_another_key_than_the_agreed_one_is_refused_even_with_a_valid_proof(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    other = worthless_key(1024, "b")
    job.view |= {"modulus": hex(other.public_key.n), "modulus_proof": worthless_proof(1024, "b").to_json()}
    refused(world, Conflict, "^key: ")


def test_a_key_without_a_valid_proof_is_refused(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    job.view["modulus_proof"] = job.view["modulus_proof"][::-1]
    refused(world, KeyProofInvalid, "root")


def test_a_small_key_is_refused_unless_it_is_allowed_by_name(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    world.acceptances = replace(world.acceptances, key_policy=STANDARD_KEYS)
    refused(world, KeyTooSmall, "2048")


def test_a_job_whose_key_is_not_shown_yet_waits(world: Any) -> None:
    world.post_job(1).view["modulus"] = None
    world.add_rows()
    refused(world, ServiceUnavailable, "has not shown the buyer's key")


@pytest.mark.parametrize("party", ["buyer", "aggregator"])
def test_buyer_and_aggregator_cannot_be_owners_of_their_own_job(world: Any, party: str) -> None:
    job = world.post_job(1)
    world.add_rows()
    if party == "buyer":
        job.on_chain = replace(job.on_chain, buyer=world.address.lower())
    else:
        job.on_chain = replace(job.on_chain, terms=replace(job.on_chain.terms, aggregator=world.address.lower()))
    refused(world, NotAllowed, "cannot take part")


def test_a_job_that_has_started_takes_nobody(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    job.on_chain = replace(job.on_chain, state=JobState.RUNNING)
    refused(world, Conflict, "is running on chain")
    job.view["state"] = "running"
    refused(world, Conflict, "takes no more owners")


def test_nobody_is_taken_after_the_time_to_start(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    world.now = 2001
    refused(world, Conflict, "the time to accept is over")


def test_an_acceptance_that_was_revoked_on_chain_cannot_be_given_again(world: Any) -> None:
    world.post_job(1).revoked.add(world.address)
    world.add_rows()
    refused(world, Conflict, "revoked on chain")


def test_without_a_chain_nothing_is_signed(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    world.chain.away = True
    refused(world, ChainUnavailable, "no Ethereum node")


def test_without_datasets_the_remedy_is_named(world: Any) -> None:
    world.post_job(1)
    refused(world, InvalidInput, "add one first")
    refused(world, NotFound, "no dataset nope", AcceptRequest(dataset_id="nope"))


def test_rows_that_left_the_declared_range_since_they_were_added_are_named(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    (world.folder / "rows.csv").write_text("a,b,y\n0.1,0.2,0.3\n0.1,1.5,0.3\n")
    refused(world, DatasetInvalid, "'b'.*row 2|row 2.*'b'")


def test_a_learning_rate_that_diverges_declares_a_coarse_growth(world: Any) -> None:
    features = (Feature(name="a", minimum=-1, maximum=1), Feature(name="b", minimum=-1, maximum=1))
    world.post_job(1, features=features, learning_rate=2.5)
    world.add_rows()
    acceptance = world.acceptances.accept(1, AcceptRequest())
    assert acceptance.facts.keys() == {"growth"}
    assert acceptance.facts["growth"] > 1
    assert acceptance.facts["growth"] % (1 / 16) == 0


def test_numbers_that_would_not_fit_the_key_are_refused_with_a_remedy(world: Any) -> None:
    world.post_job(1, rounds=3000, learning_rate=50.0)
    world.add_rows()
    refused(world, HeadroomExceeded, "learning_rate")


def test_as_many_rows_as_declared_are_declared(world: Any) -> None:
    world.post_job(1)
    path = world.folder / "many.csv"
    values = np.random.default_rng(3).uniform(-1, 1, size=(30_000, 3))
    np.savetxt(path, values, delimiter=",", header="a,b,y", comments="")
    world.datasets.add(path, DatasetDetails())
    assert world.acceptances.accept(1, AcceptRequest()).row_count == 30_000


def test_an_acceptance_can_be_taken_back_before_the_start_and_given_again(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    first = world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    assert world.acceptances.withdraw(1).state is AcceptanceState.WITHDRAWING
    with pytest.raises(Conflict, match="withdraw the acceptance first"):
        world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    assert world.aggregator.acceptances == {}
    assert world.acceptances.withdraw(1).state is AcceptanceState.WITHDRAWN
    again = world.acceptances.accept(1, AcceptRequest())
    assert again.state is AcceptanceState.PENDING
    assert again.mask_secret != first.mask_secret


def test_revoking_on_chain_queues_one_transaction(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    world.acceptances.accept(1, AcceptRequest())
    for _ in range(2):
        world.acceptances.withdraw(1, revoke_on_chain=True)
    with world.database.snapshot() as session:
        assert OUTBOX.count_unfinished(session) == 1
        assert OUTBOX.find(session, "revoke/1").description == "withdraw from job 1"


def test_an_acceptance_binds_once_the_job_runs(world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    world.acceptances.accept(1, AcceptRequest())
    job.start(trainers=(world.address,), validators=())
    world.known_jobs.refresh()
    with pytest.raises(Conflict, match="only before the start"):
        world.acceptances.withdraw(1)


def test_what_was_not_accepted_cannot_be_taken_back(world: Any) -> None:
    world.post_job(1)
    with pytest.raises(NotFound, match="was not accepted"):
        world.acceptances.withdraw(1)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kind ask for a consent, and for owners that take any role."""
    usual = LinearRegression.requirements
    monkeypatch.setattr(LinearRegression, "requirements", lambda *one: replace(usual(*one), consents=("sums", "more")))
    monkeypatch.setattr(LinearRegression, "roles", RoleRule(trainer_count, may_choose=False))


@pytest.mark.usefixtures("asking")
def test_what_a_job_asks_beside_its_terms_must_be_agreed_to(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    for given, missing in (((), ["sums", "more"]), (("more", "again"), ["sums"]), (("sums",), ["more"])):
        with pytest.raises(InvalidInput, match=f"consents: the job asks for '{missing[0]}'") as caught:
            world.acceptances.accept(1, AcceptRequest(consents=given))
        assert caught.value.fields == {"field": "consents", "missing": missing}
    assert stored(world) is None
    acceptance = world.acceptances.accept(1, AcceptRequest(consents=("sums", "more")))
    assert acceptance.consents == ["sums", "more"]


@pytest.mark.usefixtures("asking")
def test_where_owners_cannot_choose_a_role_they_agree_to_either(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    for roles in (1, 2):
        with pytest.raises(InvalidInput, match="cannot choose") as caught:
            world.acceptances.accept(1, AcceptRequest(roles=roles, consents=("sums", "more")))
        assert caught.value.fields["field"] == "roles"
    assert world.acceptances.accept(1, AcceptRequest(consents=("sums", "more"))).roles == 3


def test_consents_and_rows_are_what_the_kind_declares_from(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def declare(_self: Any, *given: Any) -> tuple[int, dict[str, Any]]:
        seen.append(given)
        return 5, {"of": "the kind"}

    monkeypatch.setattr(LinearRegression, "declare", declare)
    job = world.post_job(1)
    world.add_rows(columns="alpha,b,y")
    request = AcceptRequest(column_mapping={"a": "alpha"}, consents=("other",))
    acceptance = world.acceptances.accept(1, request)
    assert (acceptance.row_count, acceptance.facts, acceptance.consents) == (5, {"of": "the kind"}, ["other"])
    ((terms, spec, key_bits, table, consents),) = seen
    assert (terms, spec, key_bits, consents) == (job.spec, job.spec.computation, 1024, ("other",))
    assert table.own_name("a") == "alpha"
    world.deliveries.deliver_all()
    signed = world.aggregator.acceptances[1]
    declaration = Declaration(row_count=5, roles=3, facts={"of": "the kind"})
    signature = signed.declaration_signature
    assert recover_declaration(world.chain.domain, 1, world.address, declaration.digest(), signature) == world.address
    assert signed.facts == {"of": "the kind"}


def test_terms_under_which_a_kind_is_not_computed_are_refused(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(_self: Any, terms: Any, _spec: Any) -> None:
        raise InvalidInput(f"min_owners: {terms.min_owners} are too few", field="min_owners")

    monkeypatch.setattr(LinearRegression, "require_terms", refusing)
    world.post_job(1)
    world.add_rows()
    refused(world, InvalidInput, "min_owners: 2 are too few")


def test_a_job_of_a_kind_that_is_not_known_here_cannot_be_accepted(world: Any) -> None:
    world.post_foreign(1)
    world.add_rows()
    refused(world, Conflict, "the computation 'census' is not known here; install the package that has it")
