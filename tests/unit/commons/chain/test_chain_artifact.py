from __future__ import annotations

from commons.chain.artifact import marketplace_artifact


def deployed() -> bytearray:
    """The code with values of a constructor in it, as a chain would have it."""
    artifact = marketplace_artifact()
    code = bytearray(artifact.deployed_code)
    for start, length in artifact.immutables:
        assert code[start : start + length] == bytes(length)
        code[start : start + length] = b"\x07" * length
    return code


def test_code_with_a_constructors_values_is_the_contracts() -> None:
    assert marketplace_artifact().immutables
    assert marketplace_artifact().is_code_of(bytes(deployed()))


def test_code_of_sources_with_other_comments_is_the_contracts() -> None:
    code = deployed()
    code[-20] ^= 1
    assert marketplace_artifact().is_code_of(bytes(code))


def test_other_code_is_not() -> None:
    written = {start + i for start, length in marketplace_artifact().immutables for i in range(length)}
    for position in set(range(0, len(deployed()) - 100, 97)) - written:
        code = deployed()
        code[position] ^= 1
        assert not marketplace_artifact().is_code_of(bytes(code))
    for code in (b"", b"\x60", bytes(deployed()[:-100]), b"\x00" + bytes(deployed())):
        assert not marketplace_artifact().is_code_of(code)
