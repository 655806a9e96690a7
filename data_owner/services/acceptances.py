"""Accepting a job: every term checked against the chain, the data read once, the terms signed, stored, handed in.

What leaves this service is the row count and what the kind of computation needs to know of the rows, both signed, and a
signature over terms that the contract has as well. The acceptance is stored before it is handed in, so a crash or an absent
aggregator loses nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from eth_account.signers.local import LocalAccount

from commons.chain.marketplace import Marketplace
from commons.chain.signing import ROLE_EITHER, sign_acceptance, sign_declaration
from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy
from commons.computations.registry import JobSpec, computation_of
from commons.errors import Conflict, InvalidInput, NotFound
from commons.market.declaration import Declaration
from commons.market.state import ENDED
from commons.storage.database import Database
from commons.tables.table import Table
from data_owner.services.answered_tasks import forget_tasks
from data_owner.services.dataset_match import match
from data_owner.services.datasets import get_dataset, own_datasets, profile_of
from data_owner.services.job_terms import CheckedTerms, check_terms
from data_owner.services.job_view import JobView, requirements_of
from data_owner.services.ledger import refuse_repeated
from data_owner.services.offers import Offers, refuse_committed
from data_owner.services.ports import OpenDataFile
from data_owner.tables import COMMITTED, EVENTS, OUTBOX, Acceptance, AcceptanceState, Dataset, Declined, KnownJob

MASK_SECRET_BYTES = 32


@dataclass(frozen=True)
class AcceptRequest:
    """With what a job is accepted; without a dataset the first that matches is taken.

    `consents` are codes of what is agreed to beside the terms: those that the job needs, and `ledger.AGAIN`.
    """

    dataset_id: str | None = None
    roles: int = ROLE_EITHER
    column_mapping: dict[str, str] = field(default_factory=dict)
    consents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Acceptances:
    """This owner's acceptances.

    Attributes:
        database: of the service.
        offers: the jobs on offer.
        chain: the contract, whose word on the terms counts.
        account: signs.
        open_file: reads data files.
        key_policy: which keys a job may have.
    """

    database: Database
    offers: Offers
    chain: Marketplace
    account: LocalAccount
    open_file: OpenDataFile
    key_policy: KeyPolicy = STANDARD_KEYS

    def accept(self, job_id: int, request: AcceptRequest) -> Acceptance:
        """Check, read, sign and store; the result is still to be handed in. Repeating it returns what is stored.

        Raises:
            NotFound: no such job or dataset.
            Conflict: the job does not recruit, was accepted otherwise, is of a kind that is not known here, is on chain with
                other terms, or asks for what was told before.
            InvalidInput: no dataset matches, the mapping does not fit, or a consent is missing.
            DatasetInvalid: the file has changed; column and row are named.
            KeyTooSmall, KeyProofInvalid: the buyer's key.
            HeadroomExceeded: the job's numbers would not fit the key.
            ServiceUnavailable: aggregator or chain do not answer.
        """
        with self.database.snapshot() as session:
            stored = _standing(session.get(Acceptance, job_id), request)
        if stored is not None:
            return stored
        view, _ = self.offers.jobs.view(job_id)
        self._require_open(view)
        _require_consents(view.require_known(), request)
        dataset = self._choose_dataset(view, request)
        terms = check_terms(view, self.chain, self.account.address, request.roles, self.key_policy)
        acceptance = self._signed(job_id, request, dataset, terms, self._declare(dataset, terms, request))
        with self.database.session() as session:
            if (stored := _standing(session.get(Acceptance, job_id), request)) is not None:
                return stored
            refuse_repeated(session, acceptance, get_dataset(session, dataset.id))
            if (declined := session.get(Declined, job_id)) is not None:
                session.delete(declined)
            forget_tasks(session, job_id)
            return session.merge(acceptance)

    def withdraw(self, job_id: int, *, revoke_on_chain: bool = False) -> Acceptance:
        """Take an acceptance back before the job starts.

        The aggregator is told; with `revoke_on_chain` the contract is too (which costs gas), after which the signature that
        was handed out is worth nothing and the job cannot be accepted again.

        Raises:
            NotFound: the job was not accepted.
            Conflict: it has started or ended.
        """
        with self.database.session() as session:
            acceptance = session.get(Acceptance, job_id)
            if acceptance is None or acceptance.state is AcceptanceState.REFUSED:
                raise NotFound(f"job {job_id} was not accepted", job_id=job_id)
            known = session.get(KnownJob, job_id)
            state = known.view.get("state") if known else None
            if EVENTS.started(session, job_id) is not None or state in {"running", "settling", *ENDED}:
                raise Conflict(
                    f"job {job_id} is {state or 'running'}; an acceptance can be taken back only before the start",
                    job_id=job_id,
                )
            if acceptance.state in COMMITTED:
                acceptance.state, acceptance.note = AcceptanceState.WITHDRAWING, ""
            if revoke_on_chain:
                OUTBOX.enqueue(session, key=f"revoke/{job_id}", call=self.chain.calls.revoke_acceptance(job_id))
            return acceptance

    def _require_open(self, view: JobView) -> None:
        if not view.is_recruiting:
            raise Conflict(f"job {view.job_id} is {view.state}; it takes no more owners", job_id=view.job_id)
        if self.offers.clock() > view.spec.start_by:
            raise Conflict(f"job {view.job_id}: the time to accept is over", job_id=view.job_id)

    def _choose_dataset(self, view: JobView, request: AcceptRequest) -> Dataset:
        with self.database.snapshot() as session:
            named = request.dataset_id
            candidates = own_datasets(session) if named is None else [get_dataset(session, named)]
        if not candidates:
            raise InvalidInput("there is no dataset yet; add one first", field="dataset_id")
        asked = requirements_of(view.require_known())
        matches = [match(dataset, profile_of(dataset), asked, request.column_mapping) for dataset in candidates]
        for dataset, found in zip(candidates, matches, strict=True):
            if found.matches:
                return dataset
        reasons = " · ".join(f"{found.name!r}: {item.reason}" for found in matches for item in found.mismatches[:3])
        raise InvalidInput(f"no dataset matches job {view.job_id}. {reasons}", field="dataset_id")

    def _declare(self, dataset: Dataset, terms: CheckedTerms, request: AcceptRequest) -> Declaration:
        table = Table(self.open_file(Path(dataset.path)).blocks, request.column_mapping)
        spec = terms.spec
        row_count, facts = computation_of(spec).declare(spec, spec.computation, terms.key.bits, table, request.consents)
        return Declaration(row_count=row_count, roles=request.roles, facts=facts)

    def _signed(
        self, job_id: int, request: AcceptRequest, dataset: Dataset, terms: CheckedTerms, declaration: Declaration
    ) -> Acceptance:
        signed_terms = terms.on_chain.acceptance_terms(self.account.address, request.roles)
        domain = self.chain.domain
        return Acceptance(
            job_id=job_id,
            dataset_id=dataset.id,
            column_mapping=request.column_mapping,
            roles=request.roles,
            spec=terms.spec.canonical_json().decode(),
            modulus=hex(terms.key.n),
            row_count=declaration.row_count,
            facts=dict(declaration.facts),
            consents=list(request.consents),
            deadline=signed_terms.deadline,
            signature=sign_acceptance(self.account, domain, signed_terms),
            declaration_signature=sign_declaration(self.account, domain, job_id, declaration.digest()),
            chain_id=domain.chain_id,
            contract=domain.contract,
            mask_secret=secrets.token_bytes(MASK_SECRET_BYTES),
            state=AcceptanceState.PENDING,
            note="",
            accepted_at=self.offers.clock(),
        )


def _standing(stored: Acceptance | None, request: AcceptRequest) -> Acceptance | None:
    """What is stored, if it is what the request asks for; raises Conflict if it is something else that stands."""
    if stored is None or stored.state in (AcceptanceState.REFUSED, AcceptanceState.WITHDRAWN):
        return None
    same = stored.roles == request.roles and stored.column_mapping == request.column_mapping
    if stored.state in COMMITTED and same and request.dataset_id in (None, stored.dataset_id):
        return stored
    refuse_committed(stored)
    return None


def _require_consents(spec: JobSpec, request: AcceptRequest) -> None:
    missing = [code for code in requirements_of(spec).consents if code not in request.consents]
    if missing:
        raise InvalidInput(
            f"consents: the job asks for {missing[0]!r}, which tells more of the rows than its terms do; read what others learn "
            f"from it, and add {missing[0]!r} to consents to agree",
            field="consents",
            missing=missing,
        )
