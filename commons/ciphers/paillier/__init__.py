"""Paillier's additively homomorphic encryption as the training protocol uses it; no I/O.

Encoding is apart from encryption: `encode` and `decode` turn reals into integers at a public scale, `EncryptedVector`
holds ciphertexts of such integers together with scale and bound, and whatever could wrap around the modulus raises
before it is computed. Nothing that arithmetic returns is re-randomised, and it becomes bytes for others only after
``rerandomize``, or where the caller says why it may leave as it is (`ciphertexts`).
"""

from commons.ciphers.paillier.affine_map import affine_map
from commons.ciphers.paillier.encrypted_vector import EncryptedVector
from commons.ciphers.paillier.fixed_point import decode, encode, encode_matrix
from commons.ciphers.paillier.key_generation import generate_keypair
from commons.ciphers.paillier.key_holder_randomizer import KeyHolderRandomizer
from commons.ciphers.paillier.key_policy import (
    DEFAULT_KEY_BITS,
    MAXIMUM_KEY_BITS,
    MINIMUM_KEY_BITS,
    STANDARD_KEYS,
    UNSAFE_SMALL_KEYS,
    KeyPolicy,
)
from commons.ciphers.paillier.openings import Opening, verify_opening, verify_openings
from commons.ciphers.paillier.packing import (
    PackedVector,
    ciphertexts_needed,
    minimum_slot_bits,
    pack,
    slots_per_ciphertext,
)
from commons.ciphers.paillier.proofs import ModulusProof, verify_modulus
from commons.ciphers.paillier.public_key import PublicKey
from commons.ciphers.paillier.randomizer import Randomizer
from commons.ciphers.paillier.secret_key import SecretKey

__all__ = [
    "DEFAULT_KEY_BITS",
    "MAXIMUM_KEY_BITS",
    "MINIMUM_KEY_BITS",
    "STANDARD_KEYS",
    "UNSAFE_SMALL_KEYS",
    "EncryptedVector",
    "KeyHolderRandomizer",
    "KeyPolicy",
    "ModulusProof",
    "Opening",
    "PackedVector",
    "PublicKey",
    "Randomizer",
    "SecretKey",
    "affine_map",
    "ciphertexts_needed",
    "decode",
    "encode",
    "encode_matrix",
    "generate_keypair",
    "minimum_slot_bits",
    "pack",
    "slots_per_ciphertext",
    "verify_modulus",
    "verify_opening",
    "verify_openings",
]
