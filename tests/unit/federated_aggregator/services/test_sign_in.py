import hashlib
import time

import pytest
from eth_account import Account
from sqlalchemy import select

from commons.agent.sign_in import sign_in_message, sign_text
from commons.errors import NotAuthenticated
from federated_aggregator.services.sign_in import NONCE_TTL_S, TOKEN_TTL_S, Arrival, SignIn
from federated_aggregator.tables import AccessToken, SignInNonce

DOMAIN = "127.0.0.1:8100"
ACCOUNT = Account.create()


def message(play, **changes):
    fields = {
        "domain": DOMAIN,
        "uri": f"http://{DOMAIN}",
        "address": ACCOUNT.address,
        "chain_id": play.chain.chain_id,
        "nonce": None,
        "issued_at": play.clock.now,
    }
    fields |= changes
    fields["nonce"] = fields["nonce"] or play.aggregator.sign_in.nonce()
    return sign_in_message(**fields)


ARRIVAL = Arrival(port=8100, peer="127.0.0.1")


def sign_in(play, text, *, signer=ACCOUNT, arrival=ARRIVAL, service=None):
    return (service or play.aggregator.sign_in).sign_in(text, sign_text(signer, text), arrival)


def test_a_signed_message_opens_a_session_of_its_account(play):
    session = sign_in(play, message(play))
    assert session.address == ACCOUNT.address
    assert session.expires_at == play.clock.now + TOKEN_TTL_S
    assert play.aggregator.sign_in.address_of(session.token) == ACCOUNT.address


def test_only_the_tokens_hash_is_kept(play):
    session = sign_in(play, message(play))
    with play.database.snapshot() as work:
        (row,) = work.scalars(select(AccessToken))
    assert row.token_sha256 == hashlib.sha256(session.token.encode()).hexdigest()
    assert len(session.token) >= 43


def test_a_nonce_is_used_once(play):
    text = message(play)
    sign_in(play, text)
    with pytest.raises(NotAuthenticated, match="nonce is unknown, used or too old"):
        sign_in(play, text)


def test_a_nonce_is_used_up_by_a_wrong_signature_too(play):
    text = message(play)
    with pytest.raises(NotAuthenticated, match="signature"):
        sign_in(play, text, signer=Account.create())
    with pytest.raises(NotAuthenticated, match="nonce"):
        sign_in(play, text)


def test_a_nonce_that_was_never_given_out_or_is_too_old_is_refused(play):
    with pytest.raises(NotAuthenticated, match="nonce"):
        sign_in(play, message(play, nonce="0123456789abcdef"))
    text = message(play)
    play.clock.now += NONCE_TTL_S + 1
    with pytest.raises(NotAuthenticated, match="nonce"):
        sign_in(play, text)


def test_old_nonces_are_thrown_away(play):
    for _ in range(3):
        play.aggregator.sign_in.nonce()
    play.clock.now += NONCE_TTL_S + 1
    play.aggregator.sign_in.nonce()
    with play.database.snapshot() as work:
        assert len(list(work.scalars(select(SignInNonce)))) == 1


def test_a_message_for_another_service_is_refused(play):
    with pytest.raises(NotAuthenticated, match=f"must be those of http://{DOMAIN}"):
        sign_in(play, message(play, domain="evil.example:8100", uri="http://evil.example:8100"))


def test_a_message_for_another_chain_is_refused(play):
    with pytest.raises(NotAuthenticated, match="signed for chain 1, this aggregator works on chain 1337"):
        sign_in(play, message(play, chain_id=1))


def test_somebody_elses_signature_is_refused(play):
    with pytest.raises(NotAuthenticated, match="signature: not the account's signature"):
        sign_in(play, message(play), signer=Account.create())


@pytest.mark.parametrize("signature", ["0x", "0x00", "0x" + "00" * 65, "0x" + "ff" * 65, "nonsense"])
def test_a_malformed_signature_is_refused(play, signature):
    with pytest.raises(NotAuthenticated, match="signature"):
        play.aggregator.sign_in.sign_in(message(play), signature, ARRIVAL)


@pytest.mark.parametrize("text", ["", "hello", "x" * 300])
def test_what_is_no_sign_in_message_is_refused(play, text):
    with pytest.raises(NotAuthenticated, match="EIP-4361"):
        sign_in(play, text)


def test_a_message_that_would_keep_the_parser_busy_is_refused_at_once(play):
    started = time.process_time()
    with pytest.raises(NotAuthenticated, match="longer than 700 characters"):
        sign_in(play, "x" * 5000)
    assert time.process_time() - started < 1


def test_a_changed_message_is_refused(play):
    text = message(play)
    signature = sign_text(ACCOUNT, text)
    with pytest.raises(NotAuthenticated):
        play.aggregator.sign_in.sign_in(text.replace("Sign in to", "Sign up at"), signature, ARRIVAL)


def test_a_session_runs_out(play):
    token = sign_in(play, message(play)).token
    play.clock.now += TOKEN_TTL_S
    assert play.aggregator.sign_in.address_of(token) == ACCOUNT.address
    play.clock.now += 1
    with pytest.raises(NotAuthenticated, match="the session is unknown or has run out"):
        play.aggregator.sign_in.address_of(token)
    sign_in(play, message(play))
    with play.database.snapshot() as work:
        assert len(list(work.scalars(select(AccessToken)))) == 1


@pytest.mark.parametrize("token", ["", "x", "0" * 43])
def test_an_unknown_token_is_nobodys(play, token):
    with pytest.raises(NotAuthenticated):
        play.aggregator.sign_in.address_of(token)


@pytest.mark.parametrize("host", ["127.0.0.1:8100", "localhost:8100", "LOCALHOST:8100", "[::1]:8100"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_configured_url_this_machine_signs_in_at_the_own_port(play, host, peer):
    text = message(play, domain=host, uri=f"http://{host}/")
    assert sign_in(play, text, arrival=Arrival(8100, peer)).address == ACCOUNT.address


@pytest.mark.parametrize("peer", ["10.0.0.7", "192.0.2.1", "::ffff:10.0.0.7", "fe80::1", "", "localhost"])
def test_without_a_configured_url_nobody_else_signs_in(play, peer):
    with pytest.raises(NotAuthenticated, match="from its own machine only; its operator can set DELTAML_PUBLIC_URL"):
        sign_in(play, message(play), arrival=Arrival(8100, peer))


@pytest.mark.parametrize(
    "changes",
    [
        # What somebody else's service on this machine is handed, and passes on.
        {"domain": "127.0.0.1:9999", "uri": "http://127.0.0.1:9999"},
        {"domain": "localhost:1", "uri": "http://localhost:1"},
        {"domain": "127.0.0.1", "uri": "http://127.0.0.1"},
        {"uri": "http://127.0.0.1:9999"},
        {"uri": "http://localhost:8100"},
        {"uri": "https://127.0.0.1:8100"},
        {"uri": "http://evil.example:8100"},
        {"uri": "http://127.0.0.1:8100@evil.example"},
        {"domain": "evil.example"},
        {"domain": "evil@127.0.0.1:8100"},
        {"domain": "127.0.0.1.evil.example:8100"},
    ],
)
def test_a_message_whose_domain_or_uri_is_another_services_is_refused(play, changes):
    nonce = play.aggregator.sign_in.nonce()
    with pytest.raises(NotAuthenticated, match="message: "):
        sign_in(play, message(play, nonce=nonce, **changes))
    # It was refused before anything was spent on it.
    assert sign_in(play, message(play, nonce=nonce)).address == ACCOUNT.address


@pytest.mark.parametrize(
    ("domain", "uri", "allowed"),
    [
        ("market.example:8443", "https://market.example:8443", True),
        ("market.example:8443", "https://market.example:8443/under/a/path", True),
        ("Market.Example:8443", "https://Market.Example:8443", True),
        ("market.example", "https://market.example", False),
        ("market.example:8443", "http://market.example:8443", False),
        ("127.0.0.1:8100", "http://127.0.0.1:8100", False),
    ],
)
def test_a_configured_url_is_the_only_one(play, domain, uri, allowed):
    configured = SignIn(play.database, 1337, play.clock, "https://market.example:8443/aggregator")
    arrival = Arrival(8100, "203.0.113.9")
    text = message(play, domain=domain, uri=uri)
    if allowed:
        assert sign_in(play, text, arrival=arrival, service=configured).address == ACCOUNT.address
    else:
        with pytest.raises(NotAuthenticated, match=r"must be those of https://market\.example:8443/aggregator"):
            sign_in(play, text, arrival=arrival, service=configured)


def test_the_usual_port_may_be_written_or_left_out(play):
    configured = SignIn(play.database, 1337, play.clock, "https://market.example")
    for port in ("", ":443"):
        text = message(play, domain=f"market.example{port}", uri=f"https://market.example{port}")
        assert sign_in(play, text, service=configured).address == ACCOUNT.address
