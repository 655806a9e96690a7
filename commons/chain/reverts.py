"""What a node says about a reverted call, turned into the name and arguments of the contract's own error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from commons.chain.artifact import marketplace_artifact

_BUILT_IN: Final = {"Error": [("reason", "string")], "Panic": [("code", "uint256")]}
_IN_WORDS: Final = {
    "Error": "the contract gave a reason of its own",
    "Panic": "the contract's computation failed",
    "Reverted": "the contract gave no reason",
    "GasLimitExceeded": "it needs more gas than a transaction may take",
    "MarketplaceDepositOutOfRange": "the deposit is zero or too large",
    "MarketplaceAggregatorInvalid": "the aggregator's address cannot be used",
    "MarketplaceDigestMissing": "the digest of the terms or of the key is missing",
    "MarketplaceDeadlinesInvalid": "the deadlines are in the past, in the wrong order or too far away",
    "MarketplaceSharesExceedDeposit": "the shares add up to more than the deposit",
    "MarketplaceParticipantLimitsInvalid": "the numbers of participants cannot be met",
    "MarketplaceNoSuchJob": "there is no such job on chain",
    "MarketplaceWrongState": "the job's state on chain does not allow it",
    "MarketplaceNotAggregator": "only the job's aggregator may do this",
    "MarketplaceNotBuyer": "only the job's buyer may do this",
    "MarketplaceTooEarly": "it is too early for this",
    "MarketplaceTooLate": "it is too late for this",
    "MarketplaceParticipantCountInvalid": "the number of trainers or validators is not what was agreed",
    "MarketplaceAcceptanceCountInvalid": "there is not one acceptance for each participant",
    "MarketplaceParticipantConflict": "an account cannot take part, or is there twice",
    "MarketplaceAcceptanceRevoked": "an owner has taken back its acceptance",
    "MarketplaceAcceptanceInvalid": "an owner's signature is not of these terms",
    "MarketplaceSeedHashMissing": "the digest of the seed is missing",
    "MarketplaceCheckpointAfterLast": "the last checkpoint is recorded already",
    "MarketplaceCheckpointOutOfOrder": "another checkpoint comes first",
    "MarketplaceLeaveOneOutCountInvalid": "there is not one error without each trainer",
    "MarketplaceMseTooLarge": "the error is too large to record",
    "MarketplaceDeliveryDigestMissing": "the digest of the delivered weights is missing",
    "MarketplaceBuyerSignatureInvalid": "the signature is not the buyer's",
    "MarketplaceLastCheckpointMissing": "the last checkpoint is not recorded yet",
    "MarketplaceSeedMismatch": "the seed is not the one that was promised",
    "MarketplaceNothingOwed": "nothing is owed to this account",
    "MarketplaceRecipientInvalid": "nothing can be sent to this address",
    "MarketplaceTransferFailed": "the recipient did not take the money",
}


@dataclass(frozen=True)
class Revert:
    """A decoded revert: `name` as in the contract ("Reverted" when it gave none), `arguments` by their names."""

    name: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return refusal_in_words(self.name, f"({arguments})")


def refusal_in_words(name: str, arguments: str = "") -> str:
    """What the contract's error `name` means, with name and arguments in brackets; an unknown name as it is."""
    words = _IN_WORDS.get(name)
    return name + arguments if words is None else f"{words} ({name}{arguments})"


def decode_revert(data: object) -> Revert:
    """Return the error in the `data` of a JSON-RPC error object, in whichever form the node gives it.

    Geth and Anvil give the revert bytes as hex; Ganache gives them bare for `eth_call`, and inside an object under
    `result` for `eth_estimateGas`. Anything else becomes a revert without a reason.
    """
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    try:
        raw = bytes.fromhex(str(data).removeprefix("Reverted ").removeprefix("0x"))
        name, inputs = _errors_by_selector()[raw[:4]]
        values = decode([kind for _, kind in inputs], raw[4:])
    except (ValueError, KeyError, DecodingError):
        return Revert("Reverted", {})
    arguments = {field: _readable(kind, value) for (field, kind), value in zip(inputs, values, strict=True)}
    return Revert(name, arguments)


def _readable(kind: str, value: object) -> object:
    if kind == "address":
        return str(to_checksum_address(str(value)))
    return "0x" + value.hex() if isinstance(value, bytes) else value


@cache
def _errors_by_selector() -> dict[bytes, tuple[str, list[tuple[str, str]]]]:
    errors = dict(_BUILT_IN)
    for entry in marketplace_artifact().abi:
        if entry["type"] == "error":
            errors[entry["name"]] = [(field["name"], field["type"]) for field in entry["inputs"]]
    return {
        keccak(text=f"{name}({','.join(kind for _, kind in inputs)})")[:4]: (name, inputs)
        for name, inputs in errors.items()
    }
