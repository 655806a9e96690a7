from eth_utils.crypto import keccak

from commons.computations.linear_regression.statements import candidates_digest, evaluation_digest, statement_digest

PLACE = bytes(range(160))
STATEMENT = {"place": PLACE, "row_count": 41, "candidates": b"c" * 32, "sse": b"s" * 32, "zero_check": b"z" * 32}
EVALUATION = {
    "place": PLACE,
    "row_count": 41,
    "candidates": b"c" * 32,
    "masked": [b"m" * 32, b"n" * 32],
    "corrections": b"k" * 32,
}


def test_a_statements_digest_is_over_the_documented_bytes():
    head = b"DeltaML validator statement v2" + PLACE + (41).to_bytes(32, "big")
    assert statement_digest(**STATEMENT) == keccak(head + b"c" * 32 + b"s" * 32 + b"z" * 32)


def test_an_evaluations_digest_is_over_the_documented_bytes():
    head = b"DeltaML validator evaluation v1" + PLACE + (41).to_bytes(32, "big")
    masked = keccak(b"m" * 32 + b"n" * 32)
    assert evaluation_digest(**EVALUATION) == keccak(head + b"c" * 32 + masked + b"k" * 32)


def test_everything_that_a_validator_says_changes_its_digests():
    changes = {
        "place": PLACE[::-1],
        "row_count": 42,
        "candidates": b"C" * 32,
        "sse": b"S" * 32,
        "zero_check": b"Z" * 32,
        "masked": [b"n" * 32, b"m" * 32],
        "corrections": b"K" * 32,
    }
    for digest, base in ((statement_digest, STATEMENT), (evaluation_digest, EVALUATION)):
        others = [digest(**base | {name: value}) for name, value in changes.items() if name in base]
        assert len({digest(**base), *others}) == 1 + len(base)


def test_the_order_of_candidates_matters():
    assert candidates_digest([b"a" * 32, b"b" * 32]) != candidates_digest([b"b" * 32, b"a" * 32])
    assert candidates_digest([b"a" * 32]) == keccak(b"a" * 32)
