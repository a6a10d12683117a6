"""A fingerprint of arrays that is the same however they are divided among devices: no device sees them all.

Every element is mixed with its position, and what comes out is added up modulo 2^32, which is exact
in whatever order. Two such sums with different mixes per array go into a SHA-256 with names, dtypes,
shapes and step. It tells damage and mix-ups; it is no signature against forgers.
"""

import hashlib
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import NamedSharding, PartitionSpec

SEEDS = (0x9E3779B9, 0x85EBCA6B)


def fingerprint(step: int, arrays: Mapping[str, Any]) -> str:
    """Hexadecimal, of the step and of the arrays' names, dtypes, shapes and bits."""
    names = sorted(arrays)
    ordered = [jnp.asarray(arrays[name]) for name in names]
    sums = np.asarray(sums_of(ordered))
    sha = hashlib.sha256(str(step).encode())
    for name, array, pair in zip(names, ordered, sums.tolist(), strict=True):
        sha.update(f"\n{name} {array.dtype} {array.shape} {pair}".encode())
    return sha.hexdigest()


def sums_of(arrays: list[Array]) -> Array:
    """(number of arrays, 2) uint32, on every device."""
    sharding = arrays[0].sharding
    whole = NamedSharding(sharding.mesh, PartitionSpec()) if isinstance(sharding, NamedSharding) else None
    return compiled(whole)(arrays)


@cache
def compiled(whole: NamedSharding | None) -> Any:
    return jax.jit(lambda arrays: jnp.stack([mixed(array) for array in arrays]), out_shardings=whole)


def mixed(array: Array) -> Array:
    """(2,) uint32"""
    words = as_words(array)
    place = positions(words.shape)
    sums = [jnp.sum(scramble(words + scramble(place ^ np.uint32(seed))), dtype=jnp.uint32) for seed in SEEDS]
    return jnp.stack(sums)


def as_words(array: Array) -> Array:
    """The bits as uint32; elements of 8 bytes have an axis more, of two."""
    if array.dtype == bool:
        return array.astype(jnp.uint32)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        array = jnp.stack([array.real, array.imag], axis=-1)
    bits = 8 * min(array.dtype.itemsize, 4)
    return jax.lax.bitcast_convert_type(array, jnp.dtype(f"uint{bits}")).astype(jnp.uint32)


def positions(shape: tuple[int, ...]) -> Array:
    """The number of each element, modulo 2^32."""
    place = jnp.zeros(shape, jnp.uint32)
    for axis in range(len(shape)):
        stride = np.uint32(math.prod(shape[axis + 1 :]) % 2**32)
        place += stride * jax.lax.broadcasted_iota(jnp.uint32, shape, axis)
    return place


def scramble(x: Array) -> Array:
    """The finaliser of MurmurHash3: each bit of the result hangs on every bit of x."""
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    return x ^ (x >> 16)
