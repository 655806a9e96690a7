"""Whether a job on chain is the one that a specification and a key say: what both have is compared, term by term."""

from __future__ import annotations

from commons.chain.jobs import JobOnChain
from commons.market.job_terms import JobTerms


def differing_term(on_chain: JobOnChain, spec: JobTerms, key_digest: bytes) -> str | None:
    """Return the name of a term that the contract has otherwise, as `JobOnChain` and its terms call it; None if all agree.

    Args:
        on_chain: the job as the contract has it.
        spec: its specification, as somebody shows it.
        key_digest: of the buyer's public key, 32 bytes.
    """
    terms = on_chain.terms
    compared = {
        "spec_digest": (terms.spec_digest, spec.digest()),
        "key_digest": (terms.key_digest, key_digest),
        "deposit_wei": (on_chain.deposit_wei, spec.deposit_wei),
        "trainer_bps": (terms.trainer_bps, spec.pay.trainer_bps),
        "validator_bps": (terms.validator_bps, spec.pay.validator_bps),
        "aggregator_bps": (terms.aggregator_bps, spec.pay.aggregator_bps),
        "start_by": (terms.start_by, spec.start_by),
        "finish_by": (terms.finish_by, spec.finish_by),
    }
    return next((name for name, (agreed, shown) in compared.items() if agreed != shown), None)
