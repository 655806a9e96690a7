"""What the use cases of one buyer work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy
from commons.storage.database import Database
from model_buyer.services.key_vault import KeyVault
from model_buyer.services.ports import Aggregator, Chain, Clock


@dataclass(frozen=True)
class Buyer:
    """One buyer.

    Attributes:
        database: of the service.
        chain: the contract.
        aggregator: with which its jobs are.
        vault: its secret keys.
        account: pays deposits, and signs checkpoints and transactions.
        key_bits: size of a job's key unless a request asks for another.
        follow: looks at the chain for new events at once.
        chain_clock: Unix time in seconds, or that of the chain's latest block if it is ahead: deadlines are the contract's.
        clock: Unix time in seconds.
        key_policy: which sizes of Paillier keys are allowed.
    """

    database: Database
    chain: Chain
    aggregator: Aggregator
    vault: KeyVault
    account: LocalAccount
    key_bits: int
    follow: Callable[[], object]
    chain_clock: Clock
    clock: Clock
    key_policy: KeyPolicy = STANDARD_KEYS

    @property
    def address(self) -> str:
        """The account's address."""
        return str(self.account.address)
