"""Whether a job on chain is the one that its specification says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commons.chain.agreed_terms import differing_term
from commons.chain.jobs import JobOnChain, JobState
from commons.chain.jobs import JobTerms as TermsOnChain
from commons.market.job_terms import JobTerms, PayTerms

KEY_DIGEST = b"k" * 32
SPEC = JobTerms(
    title="yield",
    deposit_wei=10**18,
    pay=PayTerms(trainer_bps=6000, validator_bps=2500, aggregator_bps=500),
    start_by=1000,
    finish_by=2000,
    role_seed=1,
)
AGREED = JobOnChain(
    job_id=7,
    terms=TermsOnChain(
        aggregator="0x" + "a0" * 20,
        spec_digest=SPEC.digest(),
        key_digest=KEY_DIGEST,
        start_by=1000,
        finish_by=2000,
        trainer_bps=6000,
        validator_bps=2500,
        aggregator_bps=500,
    ),
    buyer="0x" + "b0" * 20,
    state=JobState.POSTED,
    deposit_wei=10**18,
    last_recorded=False,
    checkpoint_count=0,
    initial_mse_fixed=0,
    latest_mse_fixed=0,
    seed_hash=bytes(32),
    delivery_digest=bytes(32),
)


def test_a_job_that_is_on_chain_as_it_is_specified_differs_in_nothing() -> None:
    assert differing_term(AGREED, SPEC, KEY_DIGEST) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spec_digest", bytes(32)),
        ("key_digest", bytes(32)),
        ("trainer_bps", 5999),
        ("validator_bps", 2499),
        ("aggregator_bps", 501),
        ("start_by", 999),
        ("finish_by", 2001),
    ],
)
def test_the_term_that_differs_is_named(name: str, value: Any) -> None:
    other = replace(AGREED, terms=replace(AGREED.terms, **{name: value}))
    assert differing_term(other, SPEC, KEY_DIGEST) == name


def test_another_deposit_and_another_key_differ() -> None:
    assert differing_term(replace(AGREED, deposit_wei=10**18 + 1), SPEC, KEY_DIGEST) == "deposit_wei"
    assert differing_term(AGREED, SPEC, b"o" * 32) == "key_digest"


def test_of_an_altered_specification_the_digest_is_named() -> None:
    assert differing_term(AGREED, SPEC.model_copy(update={"start_by": 999}), KEY_DIGEST) == "spec_digest"
