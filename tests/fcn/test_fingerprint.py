"""A state's fingerprint is what integers give, and tells every change."""

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.fcn.fingerprint import fingerprint, sums_of

pytestmark = pytest.mark.usefixtures("single_precision")


def arrays():
    rng = np.random.default_rng(0)
    return {
        "a": rng.normal(size=(3, 5)).astype(np.float32),
        "b": jnp.asarray(rng.normal(size=(4, 2)), jnp.bfloat16),
        "c": rng.integers(0, 2**32, (2, 3, 2), np.uint32),
        "d": np.array(7, np.int32),
        "e": np.array([True, False, False]),
        "f": np.zeros((0, 3), np.float32),
    }


def expected_sums(values):
    """Compute the sums by Python's integers, an element at a time."""

    def scramble(x):
        x = (x ^ (x >> 16)) * 0x85EBCA6B % 2**32
        x = (x ^ (x >> 13)) * 0xC2B2AE35 % 2**32
        return x ^ (x >> 16)

    raw = np.asarray(values)
    words = np.frombuffer(raw.tobytes(), f"u{raw.dtype.itemsize}").tolist()
    return [
        sum(scramble((word + scramble(i ^ seed)) % 2**32) for i, word in enumerate(words)) % 2**32
        for seed in (0x9E3779B9, 0x85EBCA6B)
    ]


@pytest.mark.parametrize("name", arrays())
def test_a_fingerprint_is_what_integers_give(name):
    values = arrays()[name]
    assert np.asarray(sums_of([jnp.asarray(values)])).tolist() == [expected_sums(values)]


def test_a_fingerprint_tells_every_change():
    def swapped(a):
        a = a.copy()
        a[[0, 1]] = a[[1, 0]]
        return a

    def with_bit(a):
        bits = a.copy().view(np.uint32)
        bits[2, 3] ^= 1
        return bits.view(np.float32)

    def with_sign(a):
        return a * np.where(np.arange(5) == 2, -1, 1).astype(np.float32)

    base = arrays()
    a = base["a"]
    others = [{**base, "a": change(a)} for change in (swapped, with_bit, with_sign, np.negative)]
    others += [{**base, "a": a.reshape(5, 3)}, {**base, "a": a.view(np.int32)}]
    others += [{"b": base["a"], "a": base["b"]}, {k: base[k] for k in "abcde"}]
    seen = {fingerprint(1, base), fingerprint(2, base), *(fingerprint(1, other) for other in others)}
    assert len(seen) == 2 + len(others)
    assert fingerprint(1, dict(reversed(base.items()))) == fingerprint(1, base)
