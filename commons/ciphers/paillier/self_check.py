"""That what was computed with the two halves of a secret key is right, before anybody else sees it.

A result that is right modulo one prime and wrong modulo the other tells both: of a wrong ``n``-th root ``r'`` of ``c``,
``gcd(r'^n - c, n)`` is a factor of ``n``, and so it is with a wrong plaintext or square root. One bit that flips in memory or in
a processor is enough (Boneh, DeMillo and Lipton).

References:
    D. Boneh, R. A. DeMillo, R. J. Lipton, *On the Importance of Eliminating Errors in Cryptographic Computations*,
        Journal of Cryptology 14 (2001).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from commons.errors import ComputationFault

Result = TypeVar("Result")

_ATTEMPTS = 2


def computed_right(compute: Callable[[], Result], is_right: Callable[[Result], bool]) -> Result:
    """Return a result of `compute` that `is_right`; one that is not is dropped, and computed once more.

    Raises:
        ComputationFault: The second one is not right either.
    """
    for _ in range(_ATTEMPTS):
        result = compute()
        if is_right(result):
            return result
    raise ComputationFault(
        "this machine computed wrongly with a secret key, twice in a row; nothing of it was sent, for it would give the key "
        "away. If this happens again, test the machine's memory and processor, or run the service on another one"
    )
