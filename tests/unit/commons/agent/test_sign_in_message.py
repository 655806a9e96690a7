"""The message must be read by an independent implementation of EIP-4361 exactly as it was meant."""

from eth_account import Account
from siwe import SiweMessage

from commons.agent.sign_in import STATEMENT, sign_in_message, sign_text

ACCOUNT = Account.from_key("0x" + "11" * 32)


def message() -> str:
    return sign_in_message(
        domain="127.0.0.1:8100",
        uri="http://127.0.0.1:8100",
        address=ACCOUNT.address,
        chain_id=1337,
        nonce="abcdefgh1234",
        issued_at=1_700_000_000.7,
    )


def test_an_independent_parser_reads_every_field() -> None:
    parsed = SiweMessage.from_message(message())
    assert parsed.domain == "127.0.0.1:8100"
    assert str(parsed.uri) == "http://127.0.0.1:8100"
    assert parsed.address == ACCOUNT.address
    assert (parsed.chain_id, parsed.nonce, parsed.statement) == (1337, "abcdefgh1234", STATEMENT)
    assert parsed.issued_at == "2023-11-14T22:13:20Z"


def test_an_independent_verifier_accepts_the_signature() -> None:
    text = message()
    parsed = SiweMessage.from_message(text)
    assert parsed.prepare_message() == text
    parsed.verify(sign_text(ACCOUNT, text), domain="127.0.0.1:8100", nonce="abcdefgh1234")
