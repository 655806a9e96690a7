"""The contract's functions that change something, encoded for a transaction; nothing here talks to a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from web3 import Web3
from web3.contract import Contract

from commons.chain.artifact import marketplace_artifact
from commons.chain.checks import check_digest, check_uint, checked_address
from commons.chain.jobs import ContractCall, JobTerms
from commons.errors import InvalidInput
from commons.market.checkpoint_statement import CheckpointStatement


class MarketplaceCalls:
    """Encodes calls of the marketplace contract at one address."""

    def __init__(self, contract_address: str) -> None:
        self.contract_address: Final = checked_address("contract_address", contract_address)
        self._contract: Contract = Web3().eth.contract(
            address=Web3.to_checksum_address(self.contract_address), abi=marketplace_artifact().abi
        )

    def create_job(self, terms: JobTerms, deposit_wei: int) -> ContractCall:
        """Escrow `deposit_wei` for a new job; the sender becomes its buyer."""
        if deposit_wei <= 0:
            raise InvalidInput(f"deposit_wei is {deposit_wei}; it must be more than 0", field="deposit_wei")
        return self._call(
            "createJob", [_terms_tuple(terms)], f"post a job with a deposit of {deposit_wei} wei", deposit_wei
        )

    def revoke_acceptance(self, job_id: int) -> ContractCall:
        """Withdraw the sender's acceptance of a job that has not started."""
        return self._job_call("revokeAcceptance", [job_id], f"withdraw from job {job_id}")

    def start_job(
        self,
        job_id: int,
        trainers: Sequence[str],
        validators: Sequence[str],
        acceptances: Sequence[bytes],
        seed_hash: bytes,
    ) -> ContractCall:
        """Enrol the participants; `acceptances` are their signatures, the trainers' first, then the validators'."""
        if len(acceptances) != len(trainers) + len(validators):
            raise InvalidInput(
                f"{len(acceptances)} acceptances for {len(trainers)} trainers and {len(validators)} validators; "
                "one for each is needed",
                field="acceptances",
            )
        check_digest("seed_hash", seed_hash)
        arguments = [
            job_id,
            [checked_address("trainers", trainer) for trainer in trainers],
            [checked_address("validators", validator) for validator in validators],
            list(acceptances),
            seed_hash,
        ]
        return self._job_call("startJob", arguments, f"start job {job_id}")

    def record_checkpoint(self, statement: CheckpointStatement, buyer_signature: bytes) -> ContractCall:
        """Record a checkpoint that the buyer signed."""
        checkpoint = (
            statement.index,
            statement.round,
            statement.mse_fixed,
            list(statement.leave_one_out_mses_fixed),
            statement.last,
            statement.delivery_digest,
        )
        description = f"record checkpoint {statement.index} of job {statement.job_id}"
        return self._job_call("recordCheckpoint", [statement.job_id, checkpoint, buyer_signature], description)

    def finalize(self, job_id: int, seed: bytes) -> ContractCall:
        """Publish the seed and settle the job."""
        check_digest("seed", seed)
        return self._job_call("finalize", [job_id, seed], f"settle job {job_id}")

    def cancel_job(self, job_id: int) -> ContractCall:
        """Call off a job that has not started."""
        return self._job_call("cancelJob", [job_id], f"cancel job {job_id}")

    def expire_job(self, job_id: int) -> ContractCall:
        """Settle a running job whose time is over."""
        return self._job_call("expireJob", [job_id], f"settle job {job_id}, whose time is over")

    def withdraw(self, to: str | None = None) -> ContractCall:
        """Send everything that the sender is owed to itself, or to another address."""
        if to is None:
            return self._call("withdraw", [], "withdraw everything owed")
        recipient = checked_address("to", to)
        return self._call("withdrawTo", [recipient], f"withdraw everything owed to {recipient}")

    def _job_call(self, function: str, arguments: list[Any], description: str) -> ContractCall:
        check_uint("job_id", arguments[0], 256)
        return self._call(function, arguments, description)

    def _call(self, function: str, arguments: list[Any], description: str, value_wei: int = 0) -> ContractCall:
        encoded = self._contract.encode_abi(function, arguments)
        return ContractCall(self.contract_address, bytes.fromhex(encoded.removeprefix("0x")), value_wei, description)


def _terms_tuple(terms: JobTerms) -> tuple[Any, ...]:
    return (
        terms.aggregator,
        terms.spec_digest,
        terms.key_digest,
        terms.start_by,
        terms.finish_by,
        terms.trainer_bps,
        terms.validator_bps,
        terms.aggregator_bps,
        terms.min_trainers,
        terms.min_validators,
        terms.max_participants,
    )
