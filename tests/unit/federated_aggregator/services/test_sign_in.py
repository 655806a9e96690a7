import hashlib
import time

import pytest
from eth_account import Account
from sqlalchemy import select

from commons.agent.sign_in import sign_in_message, sign_text
from commons.errors import NotAuthenticated
from federated_aggregator.adapters.tables import AccessToken, SignInNonce
from federated_aggregator.services.sign_in import NONCE_TTL_S, TOKEN_TTL_S, SignIn

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


def sign_in(play, text, *, signer=ACCOUNT, domain=DOMAIN):
    return play.aggregator.sign_in.sign_in(text, sign_text(signer, text), domain=domain)


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
    with pytest.raises(NotAuthenticated, match=f"sign-in message for {DOMAIN}"):
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
        play.aggregator.sign_in.sign_in(message(play), signature, domain=DOMAIN)


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
        play.aggregator.sign_in.sign_in(text.replace("Sign in to", "Sign up at"), signature, domain=DOMAIN)


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


def test_the_domain_is_the_configured_one_whatever_a_client_says_it_asked(play):
    """A stranger's service that forwards messages signed for itself must not be believed that it is this one."""
    configured = SignIn(play.database, 1337, play.clock, "https://market.example:8443/")
    assert configured.domain("evil.example") == "market.example:8443"
    assert configured.domain("127.0.0.1:8100") == "market.example:8443"


def test_without_a_configured_address_only_this_machine_can_sign_in(play):
    local = play.aggregator.sign_in
    for host in ("127.0.0.1:8100", "localhost:8100", "[::1]:8100"):
        assert local.domain(host) == host
    for host in ("evil.example", "10.0.0.7:8100", "127.0.0.1.evil.example", ""):
        with pytest.raises(NotAuthenticated, match="DELTAML_PUBLIC_URL"):
            local.domain(host)
