import commons.ciphers.paillier


def test_the_public_names_are_these():
    assert set(commons.ciphers.paillier.__all__) == {
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
    }
    assert all(hasattr(commons.ciphers.paillier, name) for name in commons.ciphers.paillier.__all__)
