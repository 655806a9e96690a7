"""What every demo is asked to do, whatever it computes, with every value checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commons.ciphers.paillier import DEFAULT_KEY_BITS, STANDARD_KEYS, KeyPolicy
from commons.errors import InvalidInput, KeyTooSmall

LEAST_OWNERS, MOST_OWNERS = 2, 20
SMALLEST_KEY_BITS = 1024


@dataclass(frozen=True)
class DemoOptions:
    """Options of one demo; those of its kind of computation are in `deltaml.demo.kinds`.

    Attributes:
        owners: how many data owners share the rows.
        key_bits: size of the buyer's Paillier key.
        seed: deals the rows and draws the roles.
        deposit_wei: what the buyer escrows.
        chain: `ganache` or `anvil`; ignored when `eth_rpc_url` is given.
        eth_rpc_url, funding_keystore: another node, and the account that pays for everything there.
        headless: end after the job.
        json: print the summary as JSON on standard output.
        key_policy: which keys the services take.
        keep: folder for the services' state, kept afterwards; None takes a temporary one.
    """

    owners: int = 5
    key_bits: int = DEFAULT_KEY_BITS
    seed: int = 7
    deposit_wei: int = 10**18
    chain: str = "ganache"
    eth_rpc_url: str | None = None
    funding_keystore: Path | None = None
    headless: bool = False
    json: bool = False
    key_policy: KeyPolicy = STANDARD_KEYS
    keep: Path | None = None

    def __post_init__(self) -> None:
        require_between("owners", self.owners, LEAST_OWNERS, MOST_OWNERS)
        require_between("seed", self.seed, 0, 2**63 - 1)
        require_between("deposit-wei", self.deposit_wei, 1, 2**128 - 1)
        smallest = max(self.key_policy.minimum_bits, SMALLEST_KEY_BITS)
        if self.key_bits < smallest:
            raise KeyTooSmall(
                f"--key-bits {self.key_bits}: at least {smallest} bits are needed"
                + (
                    " (tests can go lower with --unsafe-small-key)"
                    if self.key_bits < self.key_policy.minimum_bits
                    else ""
                ),
                field="key-bits",
            )
        require_between("key-bits", self.key_bits, smallest, 8192)
        if self.eth_rpc_url is not None and self.funding_keystore is None:
            raise InvalidInput(
                "--funding-keystore: with another node the demo needs an account there that pays for it",
                field="funding-keystore",
            )


def require_between(name: str, value: int, minimum: int, maximum: int, why: str = "") -> None:
    """Raise InvalidInput, naming the option, unless a value is in its range; `why` says more about that."""
    if not minimum <= value <= maximum:
        message = f"--{name} {value}: expected a whole number from {minimum} to {maximum}{why}"
        raise InvalidInput(message, field=name)
