import ast
import base64
from pathlib import Path

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from commons.ciphers.paillier import EncryptedVector, pack
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.errors import InvalidCiphertext

BOUND = 1 << 80
ROOT = Path(__file__).parents[4]
SERVICES = ("data_owner", "model_buyer", "federated_aggregator")


@pytest.fixture(scope="module")
def key(job_secret_key):
    return job_secret_key.public_key


@pytest.fixture(scope="module")
def vector(job_randomizer):
    return EncryptedVector.encrypt(job_randomizer, [5, -7, 0], fractional_bits=40, bound=BOUND)


def decode(wire, key, **changes):
    return wire.to_vector(key, **{"count": 3, "fractional_bits": 40, "bound": BOUND} | changes)


def with_numbers(key, numbers):
    data = b"".join(int(number).to_bytes(key.ciphertext_bytes, "big") for number in numbers)
    return CiphertextVector(count=len(numbers), fractional_bits=40, ciphertexts=base64.b64encode(data).decode())


@given(values=st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=3), scale=st.integers(0, 500))
def test_a_vector_survives_the_wire(job_secret_key, job_randomizer, values, scale):
    vector = EncryptedVector.encrypt(job_randomizer, values, fractional_bits=scale, bound=BOUND)
    text = CiphertextVector.of(vector).model_dump_json()
    form = {"count": len(values), "fractional_bits": scale, "bound": BOUND}
    read = CiphertextVector.model_validate_json(text).to_vector(job_secret_key.public_key, **form)
    assert read == vector
    assert job_secret_key.decrypt_vector(read) == values


def test_packed_ciphertexts_survive_the_wire(job_secret_key, job_randomizer, key, vector):
    packed = pack(vector, slot_bits=400)
    wire = PackedCiphertexts.model_validate_json(
        PackedCiphertexts.of(packed.rerandomize(job_randomizer)).model_dump_json()
    )
    read = wire.to_packed(key, count=3, fractional_bits=40, slot_bits=400)
    assert len(read.ciphertexts) == 2
    assert job_secret_key.decrypt_packed(read) == [5, -7, 0]


def test_digest_of_the_wire_form_is_the_vectors(vector):
    assert CiphertextVector.of(vector).digest() == vector.digest()


def test_what_was_not_rerandomized_has_no_wire_form_without_a_reason(key, vector):
    received = decode(CiphertextVector.of(vector), key)
    for kind, old in (
        (CiphertextVector, -vector),
        (CiphertextVector, received),
        (PackedCiphertexts, pack(vector, slot_bits=400)),
    ):
        with pytest.raises(ValueError, match="say in unsafe_not_rerandomized why"):
            kind.of(old)
        assert kind.of(old, unsafe_not_rerandomized="tests look at it").digest() == old.digest()


def test_ciphertexts_leave_without_new_randomness_in_these_places_only():
    shipped = [path for folder in ("commons", *SERVICES, "deltaml") for path in (ROOT / folder).rglob("*.py")]
    calls = {
        (str(path.relative_to(ROOT)), ast.unparse(keyword.value))
        for path in shipped
        if "node_modules" not in path.parts and "commons/ciphers" not in str(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "unsafe_not_rerandomized"
    }
    regression = "commons/computations/linear_regression"
    assert calls == {
        (f"{regression}/validator.py", "_WHY_SSE_IS_NOT"),
        (f"{regression}/aggregator/run.py", "_WHY_MODELS_ARE_NOT"),
        (f"{regression}/aggregator/training.py", "_WHY_EVIDENCE_IS_NOT"),
    }


@pytest.mark.parametrize(
    ("expected", "field"),
    [({"count": 2}, "count"), ({"count": 4}, "count"), ({"fractional_bits": 41}, "fractional_bits")],
)
def test_another_count_or_scale_than_expected_is_refused(key, vector, expected, field):
    with pytest.raises(InvalidCiphertext) as caught:
        decode(CiphertextVector.of(vector), key, **expected)
    assert caught.value.fields["field"] == field
    assert str(expected[field]) in caught.value.message


@pytest.mark.parametrize("position", [0, 2])
@pytest.mark.parametrize("name", ["zero", "n squared", "largest", "n", "multiple of p", "multiple of q"])
def test_a_number_that_is_no_ciphertext_is_refused_wherever_it_stands(job_secret_key, key, vector, name, position):
    width = 8 * key.ciphertext_bytes
    bad = {
        "zero": 0,
        "n squared": key.n_squared,
        "largest": (1 << width) - 1,
        "n": key.n,
        "multiple of p": job_secret_key.p * gmpy2.mpz(12345),
        "multiple of q": job_secret_key.q**2,
    }[name]
    numbers = list(vector.ciphertexts)
    numbers[position] = bad
    with pytest.raises(InvalidCiphertext) as caught:
        decode(with_numbers(key, numbers), key)
    assert caught.value.fields["field"] == f"ciphertexts[{position}]"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-4],
        lambda text: text + "AAAA",
        lambda text: "",
        lambda text: text[:-1] + "!",
        lambda text: text.replace("A", "-", 1) if "A" in text else "-" + text[1:],
        lambda text: text[:-3],
        lambda text: text[:4] + "\n" + text[4:],
        lambda text: "é" + text[1:],
    ],
    ids=["short", "long", "empty", "not base64", "url-safe base64", "bad padding", "line break", "not ASCII"],
)
def test_ciphertexts_that_are_not_the_announced_bytes_in_base64_are_refused(key, vector, change):
    wire = CiphertextVector.of(vector)
    broken = wire.model_copy(update={"ciphertexts": change(wire.ciphertexts)})
    with pytest.raises(InvalidCiphertext) as caught:
        decode(broken, key)
    assert caught.value.fields["field"].startswith("ciphertexts")
    with pytest.raises(InvalidCiphertext):
        PackedCiphertexts(count=3, slot_bits=400, fractional_bits=40, ciphertexts=broken.ciphertexts).to_packed(
            key, count=3, fractional_bits=40, slot_bits=400
        )


@pytest.mark.parametrize("change", [{"count": 2}, {"fractional_bits": 39}, {"slot_bits": 401}])
def test_another_packing_than_expected_is_refused(key, vector, job_randomizer, change):
    wire = PackedCiphertexts.of(pack(vector, slot_bits=400).rerandomize(job_randomizer))
    expected = {"count": 3, "fractional_bits": 40, "slot_bits": 400}
    with pytest.raises(InvalidCiphertext, match=r"\(3, 40, 400\)"):
        wire.model_copy(update=change).to_packed(key, **expected)


@pytest.mark.parametrize(
    ("field", "value"), [("count", 0), ("count", 10**9), ("fractional_bits", -1), ("fractional_bits", 10**6)]
)
def test_absurd_sizes_are_refused_before_anything_is_decoded(field, value):
    form = {"count": 1, "fractional_bits": 0, "ciphertexts": ""}
    with pytest.raises(ValidationError, match=field):
        CiphertextVector(**form | {field: value})
