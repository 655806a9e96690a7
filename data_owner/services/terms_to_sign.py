"""What an owner would sign by accepting a job, shown before it does."""

from __future__ import annotations

from dataclasses import dataclass

from commons.chain.marketplace import Marketplace
from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy
from commons.messages import FrozenModel, Wei
from data_owner.services.job_terms import check_terms
from data_owner.services.offers import Offers


class TermsToSign(FrozenModel):
    """The members of the EIP-712 message, and the chain and contract that it is for.

    `roles` is the bit mask 1 trainer, 2 validator; the signature is worth nothing after `deadline` (Unix seconds).
    """

    chain_id: int
    contract_address: str
    job_id: int
    owner: str
    spec_digest: str
    key_digest: str
    key_bits: int
    roles: int
    deposit_wei: Wei
    trainer_bps: int
    validator_bps: int
    aggregator_bps: int
    deadline: int


@dataclass(frozen=True)
class TermsPreview:
    """Shows terms, and signs nothing.

    Attributes:
        offers: the jobs on offer.
        chain: the contract, whose word counts.
        key_policy: which keys a job may have.
    """

    offers: Offers
    chain: Marketplace
    key_policy: KeyPolicy = STANDARD_KEYS

    def of(self, job_id: int, roles: int) -> TermsToSign:
        """The terms of a job, compared with the chain as for accepting it; raises what `Acceptances.accept` does of that."""
        view, _ = self.offers.jobs.view(job_id)
        owner, domain = self.offers.address, self.chain.domain
        checked = check_terms(view, self.chain, owner, roles, self.key_policy)
        terms = checked.on_chain.acceptance_terms(owner, roles)
        return TermsToSign(
            chain_id=domain.chain_id,
            contract_address=domain.contract,
            job_id=job_id,
            owner=terms.owner,
            spec_digest="0x" + terms.spec_digest.hex(),
            key_digest="0x" + terms.key_digest.hex(),
            key_bits=checked.key.bits,
            roles=terms.roles,
            deposit_wei=terms.deposit_wei,
            trainer_bps=terms.trainer_bps,
            validator_bps=terms.validator_bps,
            aggregator_bps=terms.aggregator_bps,
            deadline=terms.deadline,
        )
