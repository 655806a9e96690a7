"""Roles dealt at will: an aggregator that claims other role masks than the owners signed.

The control is the check as it would be without signatures, on whatever masks the aggregator shows.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from commons.chain.signing import SigningDomain, recover_declaration, sign_declaration
from commons.errors import ProtocolViolation
from commons.market.declaration import Declaration, SignedDeclaration, check_declarations
from commons.market.roles import Role, Roles, draw_roles

SEED = 12345
DOMAIN = SigningDomain(1337, "0x" + "c0" * 20)
ACCOUNTS = sorted(
    (Account.from_key(bytes([number]) * 32) for number in range(1, 6)), key=lambda one: one.address.lower()
)
OWNERS = [str(account.address) for account in ACCOUNTS]


def wanted() -> tuple[Roles, dict[str, Role]]:
    """Roles that the seed does not give to owners who signed for either, and masks with which it would."""
    drawn = draw_roles(dict.fromkeys(OWNERS, Role.EITHER), SEED)
    favourites = drawn.trainers[:2]
    masks = {owner: Role.VALIDATOR if owner in favourites else Role.TRAINER for owner in OWNERS}
    dealt = draw_roles(masks, SEED)
    assert set(dealt.validators) == set(favourites) != set(drawn.validators)
    return dealt, masks


def signed(account, roles: Role) -> SignedDeclaration:
    declaration = Declaration(row_count=10, facts={"growth": 1.0}, roles=int(roles))
    return SignedDeclaration(
        str(account.address), declaration, sign_declaration(account, DOMAIN, 7, declaration.digest())
    )


def claimed(masks: dict[str, Role]) -> list[SignedDeclaration]:
    """What the owners signed, with the masks that the aggregator wants."""
    shown = [signed(account, Role.EITHER) for account in ACCOUNTS]
    return [
        replace(one, declaration=one.declaration.model_copy(update={"roles": int(masks[one.owner])})) for one in shown
    ]


def check(shown: list[SignedDeclaration], roles: Roles, recover) -> None:
    check_declarations(shown, roles.trainers, roles.validators, role_seed=SEED, recover=recover)


def test_control_without_signatures_any_roles_pass() -> None:
    dealt, masks = wanted()
    check(claimed(masks), dealt, lambda owner, _digest, _signature: owner)


def test_roles_follow_from_what_the_owners_signed() -> None:
    dealt, masks = wanted()

    def recover(owner: str, digest: bytes, signature: bytes) -> str:
        return recover_declaration(DOMAIN, 7, owner, digest, signature)

    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        check(claimed(masks), dealt, recover)
    honest = [signed(account, Role.EITHER) for account in ACCOUNTS]
    with pytest.raises(ProtocolViolation, match="not the ones that the job's seed gives"):
        check(honest, dealt, recover)
    check(honest, draw_roles(dict.fromkeys(OWNERS, Role.EITHER), SEED), recover)
