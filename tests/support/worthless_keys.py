"""Paillier keys that everybody knows, so that tests need not make any and a failure can be repeated with the same numbers.

They are WORTHLESS. Their primes lie beside this file for everybody to read: what is encrypted with them is as good as public. No
service takes keys from here, and `commons` knows nothing of them.

`python -m tests.support.worthless_keys` makes those that are missing; a new size or name is an entry in `KEYS`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, ModulusProof, SecretKey, generate_keypair

FILE = Path(__file__).with_name("worthless_keys.json")
WARNING = "WORTHLESS: primes of keys for tests, which everybody can read. Never encrypt anything with them."
KEYS = ("256-a", "256-b", "512-a", "512-b", "1024-a", "1024-b", "2048-a")


@cache
def worthless_key(bits: int, name: str = "a") -> SecretKey:
    """The committed key of this size and name; one object for a whole process."""
    stored = json.loads(FILE.read_text())["keys"][f"{bits}-{name}"]
    return SecretKey(int(stored["p"], 16), int(stored["q"], 16), policy=UNSAFE_SMALL_KEYS)


@cache
def worthless_proof(bits: int, name: str = "a") -> ModulusProof:
    """The proof about that key's modulus, without a context; made once in a process."""
    return worthless_key(bits, name).prove_modulus()


def _make_missing() -> None:
    stored = json.loads(FILE.read_text())["keys"] if FILE.exists() else {}
    for wanted in KEYS:
        if wanted not in stored:
            key = generate_keypair(int(wanted.partition("-")[0]), policy=UNSAFE_SMALL_KEYS)
            stored[wanted] = {"p": hex(key.p), "q": hex(key.q)}
    FILE.write_text(json.dumps({"warning": WARNING, "keys": stored}, indent=2) + "\n")


if __name__ == "__main__":
    _make_missing()
