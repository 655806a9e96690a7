"""What an owner declares when it accepts a job, signed, so that nobody else's word for it counts.

The owner signs the digest (`commons.chain.signing`, EIP-712 `Declaration`) beside its acceptance of the terms. The
aggregator hands declarations on; buyer and owners take row counts, the computation's facts and the roles that were agreed to
from them, and not from what the aggregator says. The contract does not see them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from commons.errors import InvalidInput, NotAuthenticated, ProtocolViolation
from commons.market.roles import Role, Roles, draw_roles, trainer_count
from commons.messages import Address, FrozenModel, HexBytes

RecoverDeclaration = Callable[[str, bytes, bytes], str]
"""(owner, digest of its declaration, signature) → who signed that; raises NotAuthenticated for a malformed signature."""

MOST_BYTES = 4096
"""Of a declaration as JSON."""

RowCount = Annotated[int, Field(ge=1, lt=2**62)]
Facts = Annotated[dict[str, JsonValue], Field(max_length=20)]
RoleMask = Annotated[int, Field(ge=1, le=3)]


class Declaration(FrozenModel):
    """What an owner signs for one job.

    `roles` is the bit mask that its acceptance is for; `facts` are what the kind of computation needs to know of its rows, in
    the kind's own form.
    """

    row_count: RowCount
    roles: RoleMask
    facts: Facts = Field(default_factory=dict)

    @model_validator(mode="after")
    def _short(self) -> Self:
        if len(self.canonical_json()) > MOST_BYTES:
            raise ValueError(f"facts: the declaration has more than {MOST_BYTES} bytes as JSON")
        return self

    def canonical_json(self) -> bytes:
        """The one byte form that the digest is taken over: sorted keys, no white space, shortest float digits."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    def digest(self) -> bytes:
        """keccak256 of the canonical JSON, 32 bytes."""
        return keccak(self.canonical_json())


@dataclass(frozen=True)
class SignedDeclaration:
    """An owner's declaration as somebody shows it; nothing has been checked."""

    owner: str
    declaration: Declaration
    signature: bytes


class _ShownOwner(BaseModel):
    """An owner in the aggregator's view of a job; members that are not known here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    address: Address
    row_count: RowCount
    roles: RoleMask
    facts: Facts = Field(default_factory=dict)
    declaration_signature: HexBytes


_SHOWN: TypeAdapter[list[_ShownOwner]] = TypeAdapter(list[_ShownOwner])


def read_declarations(owners: object) -> list[SignedDeclaration]:
    """The declarations in the `owners` of an aggregator's view, unchecked; raises ProtocolViolation when it has none."""
    try:
        shown = _SHOWN.validate_python(owners)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(("owners", *map(str, first["loc"])))
        raise ProtocolViolation(
            f"the aggregator's view of the job's owners cannot be used: {where}: {first['msg']}", field=where
        ) from error
    return [
        SignedDeclaration(
            one.address,
            Declaration(row_count=one.row_count, roles=one.roles, facts=one.facts),
            bytes.fromhex(one.declaration_signature[2:]),
        )
        for one in shown
    ]


def check_declarations(
    shown: Iterable[SignedDeclaration],
    trainers: Sequence[str],
    validators: Sequence[str],
    *,
    role_seed: int,
    recover: RecoverDeclaration,
    n_trainers: Callable[[int], int] = trainer_count,
) -> dict[str, Declaration]:
    """Check who declared what, and that the contract has the roles that the job's seed gives; return it by member.

    Args:
        shown: declarations, at least one of each member; those of others are passed over.
        trainers, validators: as the contract has them.
        role_seed: from the specification.
        recover: who signed a declaration.
        n_trainers: how many of so many owners train.

    Raises:
        ProtocolViolation: a declaration is missing or not its owner's, or the roles are dealt otherwise.
    """
    by_owner = {one.owner: one for one in shown}
    declared: dict[str, Declaration] = {}
    for member in (*trainers, *validators):
        one = by_owner.get(member)
        if one is None:
            raise ProtocolViolation(f"{member}: the aggregator shows no declaration of its rows", field="owners")
        _require_signed(one, recover)
        declared[member] = one.declaration
    allowed = {member: Role(declaration.roles) for member, declaration in declared.items()}
    on_chain = Roles(tuple(trainers), tuple(validators))
    if _drawn(allowed, role_seed, n_trainers) != on_chain:
        raise ProtocolViolation("the roles on chain are not the ones that the job's seed gives", field="owners")
    return declared


def _drawn(allowed: dict[str, Role], role_seed: int, n_trainers: Callable[[int], int]) -> Roles | None:
    try:
        return draw_roles(allowed, role_seed, n_trainers)
    except InvalidInput:  # these owners cannot have been dealt both roles
        return None


def _require_signed(one: SignedDeclaration, recover: RecoverDeclaration) -> None:
    try:
        signer = recover(one.owner, one.declaration.digest(), one.signature)
    except NotAuthenticated as error:
        raise ProtocolViolation(f"{one.owner}: the declaration of its rows: {error.message}", field="owners") from error
    if signer != one.owner:
        raise ProtocolViolation(f"{one.owner}: the declaration of its rows is not signed by itself", field="owners")
