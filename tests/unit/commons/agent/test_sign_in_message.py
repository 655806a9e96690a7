"""The message must be read by an independent implementation of EIP-4361 exactly as it was meant."""

import pytest
from eth_account import Account
from siwe import SiweMessage

from commons.agent.sign_in import STATEMENT, nonce_of, sign_in_message, sign_text

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


def test_the_nonce_of_an_honest_message_is_found_without_a_parser() -> None:
    expiring = f"{message()}\nExpiration Time: 2023-11-14T23:13:20Z"
    without_statement = message().replace(f"{STATEMENT}\n", "")
    for text in (message(), expiring, without_statement):
        assert SiweMessage.from_message(text).nonce == nonce_of(text) == "abcdefgh1234"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nonce: abcdefgh1234",
        "a." * 350,
        message().replace("127.0.0.1", "a." * 60),
        message().replace(STATEMENT, "x" * 101),
        message().replace("Nonce: abcdefgh1234", "Nonce: short"),
        message().replace("Version: 1", "Version: 2"),
        f"{message()}\n{'x' * 101}",
        f"{message()}\n",
        f"x\n{message()}",
    ],
)
def test_a_text_of_another_form_has_no_nonce(text: str) -> None:
    assert nonce_of(text) is None
