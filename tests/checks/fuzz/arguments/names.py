"""The names that the calls are written with."""

import decimal
import enum
import fractions
import importlib
import pkgutil
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from flax import nnx
from jax.experimental.sparse import BCOO

import jtconv.compat
import jtconv.explorer
import jtconv.linen
import jtconv.models
import jtconv.nn
import jtconv.spatial
import jtconv.weights

for _module in pkgutil.iter_modules(jtconv.compat.__path__, "jtconv.compat."):
    importlib.import_module(_module.name)


def ints(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    """Small integers with no symmetry: sums of a few hundred products are exact in every dtype."""
    n = int(np.prod(shape))
    return ((np.arange(n) * 7 + n) % 5 - 2).reshape(shape).astype(dtype)


def int_init(_key: Any, shape: Any, dtype: Any = np.float32, out_sharding: Any = None) -> jax.Array:
    """An initialiser: `ints`."""
    return jnp.asarray(ints(*shape, dtype=dtype))


class Index:
    """An integer of somebody else's."""

    def __init__(self, value: int):
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"Index({self.value})"


class Two(enum.IntEnum):
    """An integer with a name."""

    TWO = 2


class Word(str):
    """A string of somebody else's."""

    __slots__ = ()


def cyclic() -> list[Any]:
    """A list that is its own entry."""
    result: list[Any] = [1]
    result.append(result)
    return result


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def strided(array: np.ndarray) -> np.ndarray:
    """The same numbers, every other one of a larger array's."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def tiny_vgg() -> Any:
    """Shapes only."""
    return nnx.eval_shape(lambda: jtconv.models.VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0)))


@cache
def tiny_fcn(name: str = "FCN8") -> Any:
    """A network that computes."""
    return getattr(jtconv.models, name)(2, width=1, depths=(1, 1, 1), head_ch=2, rngs=nnx.Rngs(0))


def trained() -> Any:
    """A network with its classes."""
    colours = ("#000000", "#ffffff")
    return jtconv.models.TrainedModel(tiny_fcn(), jtconv.weights.Preprocessing.torch(), ("a", "b"), colours)


def layer() -> Any:
    """A layer that computes."""
    return jtconv.nn.ConvTranspose(3, 2, (4,), rngs=nnx.Rngs(0))


MESH = jax.make_mesh((1, 1), ("batch", "rows"), devices=jax.devices()[:1])
NAMES: dict[str, Any] = {
    **{"jtconv": jtconv, "jax": jax, "jnp": jnp, "np": np, "nnx": nnx, "ml_dtypes": ml_dtypes},
    **{
        "Fraction": fractions.Fraction,
        "Decimal": decimal.Decimal,
        "BCOO": BCOO,
        "Preprocessing": jtconv.weights.Preprocessing,
    },
    **{
        f.__name__: f
        for f in (ints, int_init, Index, Two, Word, cyclic, read_only, strided, tiny_vgg, tiny_fcn, trained, layer)
    },
    "mesh": MESH,
    "nan": float("nan"),
    "inf": float("inf"),
}


def value_of(code: str) -> Any:
    """Evaluate an argument's code."""
    return eval(code, dict(NAMES))
