"""A plaintext affine map applied to an encrypted vector."""

from __future__ import annotations

from collections.abc import Sequence

from commons.ciphers.paillier.encrypted_vector import EncryptedVector
from commons.ciphers.paillier.fixed_point import check_fractional_bits
from commons.ciphers.paillier.multi_exponentiation import multi_exponentiation
from commons.errors import InvalidInput


def affine_map(
    matrix: Sequence[Sequence[int]],
    vector: EncryptedVector,
    offset: Sequence[int] | None,
    *,
    matrix_fractional_bits: int,
    unsafe_bound: int | None = None,
) -> EncryptedVector:
    """Return ``[M·v + offset]`` at scale ``vector.fractional_bits + matrix_fractional_bits``.

    The result is not re-randomised: whoever knows matrix, offset and input recognises it.

    Args:
        matrix: Shape ``(k, d)``, encoded at `matrix_fractional_bits`. Zero entries cost nothing; running time depends
            on the entries.
        vector: Length ``d``.
        offset: Length ``k``, encoded at the result's scale, or None.
        unsafe_bound: A bound on the result that the caller has proven, as for `EncryptedVector.unsafe_with_bound`. Without
            one it is ``max_i Σ_j |M_ij| · vector.bound + |offset_i|``, which depends on matrix and offset.

    Raises:
        InvalidInput: Shapes do not fit together.
        HeadroomExceeded: The result's bound exceeds the key; nothing was computed.
    """
    check_fractional_bits(matrix_fractional_bits)
    shifts = [0] * len(matrix) if offset is None else [int(shift) for shift in offset]
    if len(shifts) != len(matrix):
        raise InvalidInput(f"field 'offset': {len(shifts)} entries, the matrix has {len(matrix)} rows", field="offset")
    bound = unsafe_bound
    if bound is None:
        rows = zip(matrix, shifts, strict=True)
        bound = max((sum(map(abs, map(int, row))) * vector.bound + abs(shift) for row, shift in rows), default=0)
    key = vector.public_key
    key.check_headroom(bound, "affine_map")
    products = multi_exponentiation(vector.ciphertexts, matrix, key.n_squared)
    results = (c * (1 + key.n * shift) % key.n_squared for c, shift in zip(products, shifts, strict=True))
    return EncryptedVector(key, tuple(results), vector.fractional_bits + matrix_fractional_bits, bound)
