from __future__ import annotations

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from commons.chain.jobs import ContractCall
from commons.chain.transactions import Fees, sign_transaction

ACCOUNT = Account.from_key(b"\x11" * 32)
CALL = ContractCall("0x" + "ab" * 20, b"\x01\x02", 5, "a call")


def test_a_raised_fee_is_enough_for_a_replacement() -> None:
    raised = Fees(1001, 3).raised()
    assert raised.max_wei * 1000 >= 1001 * 1125
    assert raised.priority_wei is not None
    assert raised.priority_wei * 1000 >= 3 * 1125
    assert Fees(1000, None).raised() == Fees(1250, None)


def test_the_higher_of_two_fees_is_taken_part_by_part() -> None:
    assert Fees(10, 1).at_least(Fees(5, 2)) == Fees(10, 2)
    assert Fees(10, None).at_least(Fees(50, 2)) == Fees(50, None)


def test_a_signed_transaction_recovers_to_its_sender_and_hash() -> None:
    signed = sign_transaction(ACCOUNT, CALL, chain_id=1337, nonce=4, gas_limit=50_000, fees=Fees(100, 7))
    assert Account.recover_transaction(signed.raw) == ACCOUNT.address
    assert signed.tx_hash == "0x" + keccak(signed.raw).hex()
    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()
    assert (fields["nonce"], fields["gas"], fields["value"]) == (4, 50_000, 5)
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"], fields["chainId"]) == (100, 7, 1337)
    assert bytes(fields["data"]) == CALL.data


def test_a_chain_without_eip_1559_gets_a_legacy_transaction() -> None:
    signed = sign_transaction(ACCOUNT, CALL, chain_id=1337, nonce=0, gas_limit=50_000, fees=Fees(100, None))
    assert signed.raw[0] >= 0xC0, "an RLP list, no type byte"
    assert Account.recover_transaction(signed.raw) == ACCOUNT.address
