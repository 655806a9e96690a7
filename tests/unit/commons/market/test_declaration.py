"""What owners sign about their rows, and what everybody takes from it."""

from dataclasses import replace

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from commons.chain.signing import SigningDomain, recover_declaration, sign_declaration
from commons.errors import ProtocolViolation
from commons.market.declaration import Declaration, SignedDeclaration, check_declarations, read_declarations
from commons.market.roles import Role, Roles, draw_roles

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
DOMAIN = SigningDomain(1337, "0x" + "c0" * 20)
JOB_ID, SEED = 7, 5
ACCOUNTS = [Account.from_key("0x" + f"{number:02x}" * 32) for number in range(1, 6)]


def declared(account, **changes):
    declaration = Declaration(**{"row_count": 10, "facts": {"growth": 1.0}, "roles": 3} | changes)
    return SignedDeclaration(
        account.address, declaration, sign_declaration(account, DOMAIN, JOB_ID, declaration.digest())
    )


ALL = [declared(account, row_count=10 + place) for place, account in enumerate(ACCOUNTS)]
DRAWN = draw_roles({account.address: Role.EITHER for account in ACCOUNTS}, SEED)


def check(shown, roles=DRAWN, *, domain=DOMAIN, job_id=JOB_ID):
    return check_declarations(
        shown,
        roles.trainers,
        roles.validators,
        role_seed=SEED,
        recover=lambda owner, digest, signature: recover_declaration(domain, job_id, owner, digest, signature),
    )


def test_the_digest_is_over_sorted_json_without_white_space():
    text = b'{"facts":{"growth":1.0625},"roles":3,"row_count":442}'
    assert Declaration(row_count=442, facts={"growth": 1.0625}, roles=3).digest() == keccak(text)


@given(
    row_count=st.integers(1, 2**62 - 1),
    facts=st.dictionaries(TEXTS, st.floats(allow_nan=False, allow_infinity=False) | TEXTS),
    roles=st.integers(1, 3),
)
def test_a_declaration_survives_its_json(row_count, facts, roles):
    facts = dict(list(facts.items())[:20])
    declaration = Declaration(row_count=row_count, facts=facts, roles=roles)
    assert Declaration.model_validate_json(declaration.canonical_json()).digest() == declaration.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"row_count": 0},
        {"row_count": 2**62},
        {"facts": {"text": "x" * 5000}},
        {"facts": {str(n): n for n in range(21)}},
        {"roles": 0},
        {"roles": 4},
    ],
)
def test_numbers_that_nobody_can_declare_are_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        Declaration(**{"row_count": 10, "facts": {"growth": 1.0}, "roles": 3} | change)


def test_rows_and_facts_are_taken_from_what_was_signed():
    shown = [declared(ACCOUNTS[0], row_count=99, facts={"growth": 1.5}), *ALL[1:]]
    found = check(shown)
    assert (found[ACCOUNTS[0].address].row_count, found[ACCOUNTS[0].address].facts) == (99, {"growth": 1.5})
    assert sum(one.row_count for one in found.values()) == 99 + 11 + 12 + 13 + 14


def test_declarations_of_owners_that_were_not_enrolled_are_passed_over():
    stranger = Account.create()
    unsigned = replace(declared(stranger, facts={"growth": 9.0}), signature=b"")
    assert check([unsigned, *ALL]).keys() == {account.address for account in ACCOUNTS}


def test_a_declaration_must_be_there_and_its_owners_own():
    with pytest.raises(ProtocolViolation, match=f"{ACCOUNTS[2].address}: the aggregator shows no declaration"):
        check([one for one in ALL if one.owner != ACCOUNTS[2].address])
    other = Declaration(row_count=500, facts={"growth": 1.0}, roles=3)
    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        check([replace(ALL[0], declaration=other), *ALL[1:]])
    with pytest.raises(ProtocolViolation, match="malformed"):
        check([replace(ALL[0], signature=b"\x00" * 64), *ALL[1:]])
    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        check([replace(ALL[1], owner=ALL[0].owner), *ALL[1:]])


@pytest.mark.parametrize(
    "place",
    [{"job_id": 8}, {"domain": SigningDomain(1, DOMAIN.contract)}, {"domain": SigningDomain(1337, "0x" + "c1" * 20)}],
)
def test_a_declaration_for_another_job_chain_or_contract_is_worth_nothing(place):
    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        check(ALL, **place)


def test_roles_that_the_seed_does_not_give_are_refused():
    """Whatever masks an aggregator would have to claim for them, those that were signed count."""
    trainers, validators = DRAWN.trainers, DRAWN.validators
    dealt = Roles(trainers[1:] + validators[:1], validators[1:] + trainers[:1])
    with pytest.raises(ProtocolViolation, match="not the ones that the job's seed gives"):
        check(ALL, dealt)
    masks = dict.fromkeys(dealt.trainers, 1) | dict.fromkeys(dealt.validators, 2)
    claimed = [replace(one, declaration=one.declaration.model_copy(update={"roles": masks[one.owner]})) for one in ALL]
    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        check(claimed, dealt)
    # Had they signed for these roles, the same seed would give them.
    bound = draw_roles({owner: Role(mask) for owner, mask in masks.items()}, SEED)
    check([declared(account, roles=masks[account.address]) for account in ACCOUNTS], bound)


def test_masks_that_leave_no_role_to_be_dealt_are_refused():
    with pytest.raises(ProtocolViolation, match="not the ones that the job's seed gives"):
        check([declared(account, roles=1) for account in ACCOUNTS])


def view(**changes):
    owner = {
        "address": ACCOUNTS[0].address,
        "row_count": 10,
        "facts": {"growth": 1.0},
        "roles": 3,
        "declaration_signature": "0xab",
    }
    return [owner | {"role": "trainer", "out": None} | changes]


def test_declarations_are_read_from_an_aggregators_view():
    (one,) = read_declarations(view())
    assert one == SignedDeclaration(
        ACCOUNTS[0].address, Declaration(row_count=10, facts={"growth": 1.0}, roles=3), b"\xab"
    )


@pytest.mark.parametrize(
    "owners",
    [
        None,
        {},
        "0x",
        [1],
        view(row_count="many"),
        view(facts=7),
        view(declaration_signature="zz"),
        view(address="0x1"),
    ],
)
def test_a_view_without_usable_declarations_is_refused(owners):
    with pytest.raises(ProtocolViolation, match="view of the job's owners cannot be used: owners"):
        read_declarations(owners)
