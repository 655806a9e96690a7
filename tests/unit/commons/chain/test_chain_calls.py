from __future__ import annotations

import dataclasses

import pytest
from eth_abi.abi import decode
from eth_utils.crypto import keccak

from commons.chain.calls import MarketplaceCalls
from commons.chain.jobs import JobTerms
from commons.errors import InvalidInput
from commons.market.checkpoint_statement import CheckpointStatement

CONTRACT = "0x" + "ab" * 20
AGGREGATOR = "0x" + "cd" * 20
CALLS = MarketplaceCalls(CONTRACT)
TERMS = JobTerms(aggregator=AGGREGATOR, spec_digest=b"s" * 32, key_digest=b"k" * 32, start_by=10, finish_by=20)


def test_a_call_carries_selector_arguments_value_and_a_description() -> None:
    call = CALLS.create_job(TERMS, 5)
    kind = "(address,bytes32,bytes32,uint64,uint64,uint16,uint16,uint16,uint16,uint16,uint16)"
    assert call.data[:4] == keccak(text=f"createJob({kind})")[:4]
    expected = (AGGREGATOR, b"s" * 32, b"k" * 32, 10, 20, 7000, 2000, 1000, 1, 1, 140)
    assert decode([kind], call.data[4:]) == (expected,)
    assert call.value_wei == 5
    assert call.to is not None
    assert call.to.lower() == CONTRACT
    assert "5 wei" in call.description


def test_a_checkpoint_is_encoded_field_by_field() -> None:
    statement = CheckpointStatement(7, 1, 10, 5, (6, 4), True, b"d" * 32)
    call = CALLS.record_checkpoint(statement, b"signature")
    decoded = decode(["uint256", "(uint32,uint32,uint256,uint256[],bool,bytes32)", "bytes"], call.data[4:])
    assert decoded == (7, (1, 10, 5, (6, 4), True, b"d" * 32), b"signature")


def test_start_wants_one_acceptance_for_each_participant() -> None:
    with pytest.raises(InvalidInput, match="1 acceptances for 1 trainers and 1 validators"):
        CALLS.start_job(1, [AGGREGATOR], [CONTRACT], [b"only one"], b"h" * 32)


@pytest.mark.parametrize("deposit_wei", [0, -1])
def test_a_deposit_is_more_than_nothing(deposit_wei: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        CALLS.create_job(TERMS, deposit_wei)
    assert refusal.value.fields["field"] == "deposit_wei"


@pytest.mark.parametrize(
    ("field", "value"),
    [("aggregator", "0x12"), ("spec_digest", b"short"), ("start_by", -1), ("trainer_bps", 2**16), ("finish_by", 1.5)],
)
def test_terms_that_do_not_fit_the_contract_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        dataclasses.replace(TERMS, **{field: value})
    assert refusal.value.fields["field"] == field


def test_seeds_digests_and_job_ids_are_checked() -> None:
    for field, encode_call in {
        "seed": lambda: CALLS.finalize(1, b"short"),
        "seed_hash": lambda: CALLS.start_job(1, [AGGREGATOR], [CONTRACT], [b"", b""], b"short"),
        "job_id": lambda: CALLS.cancel_job(-1),
    }.items():
        with pytest.raises(InvalidInput) as refusal:
            encode_call()
        assert refusal.value.fields["field"] == field


def test_addresses_are_checked() -> None:
    with pytest.raises(InvalidInput) as refusal:
        MarketplaceCalls("0x12")
    assert refusal.value.fields["field"] == "contract_address"
    with pytest.raises(InvalidInput) as refusal:
        CALLS.withdraw("somebody")
    assert refusal.value.fields["field"] == "to"
