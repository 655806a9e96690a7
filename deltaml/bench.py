"""What an owner's training step costs, against the same gradient written straightforwardly with ``phe``.

Both sides compute one gradient step ``w - rate · Xᵀ(Xw - y) / m`` on an encrypted ``w``, with the same key, rows and
weights in one run. The straightforward way is ``(X.dot(w) - y)`` and then ``.dot(X)`` on an object array of
``EncryptedNumber``: its cost grows with the rows. The owner's step applies the affine map of the Gram statistics: its
cost does not.

The comparison favours ``phe``: its result is neither scaled by the learning rate, nor added to ``w``, nor
re-randomised; the owner's result is all of that. Times are wall-clock, single-threaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import phe
from numpy.typing import NDArray

from commons.ciphers.paillier import (
    STANDARD_KEYS,
    EncryptedVector,
    KeyPolicy,
    Randomizer,
    SecretKey,
    affine_map,
    decode,
    encode,
    encode_matrix,
    generate_keypair,
)
from commons.computations.linear_regression.learning import GramAccumulator, gradient_map

FRACTIONAL_BITS = 40
MATRIX_FRACTIONAL_BITS = 48
LEARNING_RATE = 0.5
STEP_REPEATS = 5

FloatArray = NDArray[np.float64]
Result = TypeVar("Result")


@dataclass(frozen=True)
class KernelTiming:
    """One comparison; all times in seconds.

    Attributes:
        rows, features, key_bits: Size of the owner's data (bias column included in `features`) and of the key.
        table_s: Building the randomizer's table: once a key and process.
        gram_s: Gram statistics and affine map, in the clear: once a job.
        step_s: The step of a round: affine map on the encrypted weights and re-randomisation. Median of
            `STEP_REPEATS`.
        phe_s: ``(X.dot(w) - y).dot(X)`` with ``phe``. One run.
        max_error: Largest difference of the two decrypted results, relative to the largest weight.
    """

    rows: int
    features: int
    key_bits: int
    table_s: float
    gram_s: float
    step_s: float
    phe_s: float
    max_error: float

    @property
    def ratio(self) -> float:
        """How many times the step of a round is faster."""
        return self.phe_s / self.step_s

    @property
    def ratio_with_gram(self) -> float:
        """The same when the whole Gram statistics were computed for this one round."""
        return self.phe_s / (self.step_s + self.gram_s)


def bench_kernels(
    rows: Sequence[int] = (88, 176, 352),
    *,
    features: int = 11,
    key_bits: int = 2048,
    seed: int = 7,
    policy: KeyPolicy = STANDARD_KEYS,
) -> list[KernelTiming]:
    """Return one measured comparison for each number of rows, on uniform random data made from `seed`.

    Every figure comes from running all of the rows, none is scaled up. The policy says how small a key may be.
    """
    secret_key = generate_keypair(key_bits, policy=policy)
    table_s, randomizer = _timed(lambda: Randomizer(secret_key.public_key))
    generator = np.random.default_rng(seed)
    weights = generator.uniform(-1, 1, features)
    timings = []
    for count in rows:
        X = generator.uniform(-1, 1, (count, features))
        X[:, -1] = 1.0
        y = generator.uniform(-1, 1, count)
        gram_s, (matrix, offset) = _timed(partial(_encoded_gradient_map, X, y))
        step_s, stepped = _owner_step(secret_key, randomizer, weights, matrix, offset)
        phe_s, gradient = _phe_gradient(secret_key, weights, X, y)
        difference = stepped - (weights - LEARNING_RATE * gradient / count)
        timings.append(
            KernelTiming(
                rows=count,
                features=features,
                key_bits=key_bits,
                table_s=table_s,
                gram_s=gram_s,
                step_s=step_s,
                phe_s=phe_s,
                max_error=float(np.abs(difference).max() / np.abs(stepped).max()),
            )
        )
    return timings


def _encoded_gradient_map(X: FloatArray, y: FloatArray) -> tuple[list[list[int]], list[int]]:
    accumulator = GramAccumulator(X.shape[1])
    accumulator.add(X, y)
    step = gradient_map(accumulator.statistics(), LEARNING_RATE, 1)
    return (
        encode_matrix(step.A, MATRIX_FRACTIONAL_BITS),
        encode(step.b, FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS),
    )


def _owner_step(
    secret_key: SecretKey, randomizer: Randomizer, weights: FloatArray, matrix: list[list[int]], offset: list[int]
) -> tuple[float, FloatArray]:
    vector = EncryptedVector.encrypt(
        randomizer, encode(weights, FRACTIONAL_BITS), fractional_bits=FRACTIONAL_BITS, bound=1 << (FRACTIONAL_BITS + 1)
    )

    def step() -> EncryptedVector:
        return affine_map(matrix, vector, offset, matrix_fractional_bits=MATRIX_FRACTIONAL_BITS).rerandomize(randomizer)

    runs = [_timed(step) for _ in range(STEP_REPEATS)]
    seconds = float(np.median([run_s for run_s, _ in runs]))
    result = runs[-1][1]
    return seconds, decode(secret_key.decrypt_vector(result), result.fractional_bits)


def _phe_gradient(secret_key: SecretKey, weights: FloatArray, X: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    public_key: phe.PaillierPublicKey = secret_key.public_key.to_phe()
    encrypted: NDArray[Any] = np.array([public_key.encrypt(weight) for weight in weights.tolist()], dtype=object)
    seconds, gradient = _timed(lambda: (X.dot(encrypted) - y).dot(X))
    private_key = secret_key.to_phe()
    return seconds, np.array([private_key.decrypt(element) for element in gradient])


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
