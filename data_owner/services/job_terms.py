"""Whether what the aggregator shows of a job is what the contract has: the chain is believed, the aggregator is not."""

from __future__ import annotations

from dataclasses import dataclass

from commons.chain.agreed_terms import differing_term
from commons.chain.jobs import JobOnChain, JobState, Participation
from commons.chain.marketplace import Marketplace
from commons.chain.signing import ROLE_EITHER
from commons.ciphers.paillier import KeyPolicy, ModulusProof, PublicKey, verify_modulus
from commons.computations.registry import JobSpec, computation_of
from commons.errors import Conflict, InvalidInput, NotAllowed, ServiceUnavailable
from commons.messages import from_hex
from data_owner.services.job_view import JobView

_SHOWN = {"spec_digest": "specification", "key_digest": "key"}
"""What the owner is shown a term as, where that is not its name on chain."""


@dataclass(frozen=True)
class CheckedTerms:
    """A job whose terms and key were checked."""

    spec: JobSpec
    key: PublicKey
    on_chain: JobOnChain


def check_terms(view: JobView, chain: Marketplace, address: str, roles: int, key_policy: KeyPolicy) -> CheckedTerms:
    """Check key, specification, pay and deadlines of a job that recruits, and that its kind is computed under these terms.

    Args:
        view: the aggregator's full view.
        chain: the contract.
        address: this owner's account.
        roles: the bit mask that is to be agreed to.
        key_policy: which keys are accepted.

    Raises:
        Conflict: naming the term that differs, a deposit below the promised one, a job that has started, or a kind that is not
            known here.
        InvalidInput: the kind is not computed under such terms, or its owners cannot choose a role.
        HeadroomExceeded: the job's numbers would not fit the key.
        NotAllowed: this owner's account is the job's buyer or aggregator.
        KeyTooSmall, KeyProofInvalid: the buyer's key.
    """
    spec = view.require_known()
    computation = computation_of(spec)
    if roles != ROLE_EITHER and not computation.roles.may_choose:
        raise InvalidInput("roles: owners cannot choose one in a job of this kind; agree to either (3)", field="roles")
    if view.modulus is None or view.modulus_proof is None:
        raise ServiceUnavailable(
            f"job {view.job_id}: the aggregator has not shown the buyer's key yet; try again later"
        )
    key = PublicKey(from_hex(view.modulus), policy=key_policy)
    on_chain = chain.job(view.job_id)
    if on_chain.state is not JobState.POSTED:
        raise Conflict(f"job {view.job_id} is {on_chain.state.name.lower()} on chain; it takes no more owners")
    if on_chain.deposit_wei < spec.deposit_wei:
        raise Conflict(
            f"deposit_wei: only {on_chain.deposit_wei} wei are escrowed on chain, the job promises "
            f"{spec.deposit_wei} wei; do not accept it",
            field="deposit_wei",
        )
    require_same_terms(on_chain, spec, key)
    if address.lower() in (on_chain.buyer.lower(), on_chain.terms.aggregator.lower()):
        raise NotAllowed("the job's model buyer and its aggregator cannot take part in it as data owners")
    if chain.participation(view.job_id, address) is Participation.REVOKED:
        raise Conflict(f"job {view.job_id}: the acceptance was revoked on chain, which is final", job_id=view.job_id)
    verify_modulus(key, ModulusProof.from_json(view.modulus_proof))
    computation.require_terms(spec, spec.computation)
    computation.require_headroom(spec, spec.computation, key.bits)
    return CheckedTerms(spec, key, on_chain)


def require_same_terms(on_chain: JobOnChain, spec: JobSpec, key: PublicKey) -> None:
    """Raise Conflict, naming the term, unless the contract has the job with this specification and key."""
    differing = differing_term(on_chain, spec, key.digest())
    if differing is not None:
        name = _SHOWN.get(differing, differing)
        raise Conflict(
            f"{name}: job {on_chain.job_id} is on chain with another one than the aggregator shows; do not take part",
            field=name,
        )
