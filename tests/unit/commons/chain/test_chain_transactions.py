from __future__ import annotations

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from commons.chain.fees import Fees
from commons.chain.jobs import ContractCall
from commons.chain.transactions import sign_transaction

ACCOUNT = Account.from_key(b"\x11" * 32)
CALL = ContractCall("0x" + "ab" * 20, b"\x01\x02", 5, "a call")


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
