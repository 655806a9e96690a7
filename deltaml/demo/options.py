"""What a demo is asked to do, with every value checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commons.ciphers.paillier import DEFAULT_KEY_BITS, MINIMUM_KEY_BITS
from commons.computations.linear_regression.spec import Scaling
from commons.errors import InvalidInput, KeyTooSmall

MIN_OWNERS, MAX_OWNERS = 2, 20
DIABETES_LEARNING_RATE = 1.5
SMALLEST_UNSAFE_KEY_BITS = 1024


@dataclass(frozen=True)
class DemoOptions:
    """Options of one demo.

    Attributes:
        data: CSV or Parquet file; None takes scikit-learn's diabetes data.
        target: column to predict; needed with `data`.
        owners: how many data owners share the rows.
        rounds, local_steps, learning_rate, evaluate_every, scaling: as in the job's specification; a learning rate of
            None takes the default.
        key_bits: size of the buyer's Paillier key.
        seed: deals the rows and draws the roles.
        deposit_wei: what the buyer escrows.
        chain: `ganache` or `anvil`; ignored when `eth_rpc_url` is given.
        eth_rpc_url, funding_keystore: another node, and the account that pays for everything there.
        headless: end after the job.
        json: print the summary as JSON on standard output.
        unsafe_small_key: allows keys under the minimum size.
        keep: folder for the services' state, kept afterwards; None takes a temporary one.
    """

    data: Path | None = None
    target: str | None = None
    owners: int = 5
    rounds: int = 100
    local_steps: int = 1
    learning_rate: float | None = None
    evaluate_every: int = 10
    scaling: Scaling | None = None
    key_bits: int = DEFAULT_KEY_BITS
    seed: int = 7
    deposit_wei: int = 10**18
    chain: str = "ganache"
    eth_rpc_url: str | None = None
    funding_keystore: Path | None = None
    headless: bool = False
    json: bool = False
    unsafe_small_key: bool = False
    keep: Path | None = None

    def __post_init__(self) -> None:
        if (self.data is None) != (self.target is None):
            missing = "--target" if self.target is None else "--data"
            raise InvalidInput(f"{missing}: give --data FILE and --target COLUMN together", field=missing.strip("-"))
        _between("owners", self.owners, MIN_OWNERS, MAX_OWNERS)
        _between("rounds", self.rounds, 1, 100_000)
        _between("local-steps", self.local_steps, 1, 1000)
        _between("evaluate-every", self.evaluate_every, 1, 100_000)
        _between("seed", self.seed, 0, 2**63 - 1)
        _between("deposit-wei", self.deposit_wei, 1, 2**128 - 1)
        smallest = SMALLEST_UNSAFE_KEY_BITS if self.unsafe_small_key else MINIMUM_KEY_BITS
        if self.key_bits < smallest:
            raise KeyTooSmall(
                f"--key-bits {self.key_bits}: at least {smallest} bits are needed"
                + ("" if self.unsafe_small_key else " (tests can go lower with --unsafe-small-key)"),
                field="key-bits",
            )
        _between("key-bits", self.key_bits, smallest, 8192)
        if self.learning_rate is not None and not 0 < self.learning_rate < 1e12:
            raise InvalidInput(
                f"--learning-rate {self.learning_rate}: expected a positive number", field="learning-rate"
            )
        if self.effective_learning_rate is None and self.effective_scaling is Scaling.NONE:
            raise InvalidInput(
                "--learning-rate: must be given with --scaling none; there is no safe default", field="learning-rate"
            )
        if self.eth_rpc_url is not None and self.funding_keystore is None:
            raise InvalidInput(
                "--funding-keystore: with another node the demo needs an account there that pays for it",
                field="funding-keystore",
            )

    @property
    def effective_scaling(self) -> Scaling:
        """`none` for the diabetes data, whose features are standardised already; `range` for any other file."""
        return self.scaling or (Scaling.NONE if self.data is None else Scaling.RANGE)

    @property
    def effective_learning_rate(self) -> float | None:
        """1.5 for the diabetes data as it comes; otherwise what was given, or None for the specification's default."""
        if self.learning_rate is None and self.data is None and self.effective_scaling is Scaling.NONE:
            return DIABETES_LEARNING_RATE
        return self.learning_rate


def _between(name: str, value: int, minimum: int, maximum: int) -> None:
    if not minimum <= value <= maximum:
        raise InvalidInput(f"--{name} {value}: expected a whole number from {minimum} to {maximum}", field=name)
