"""One face for the modules of `jtconv.nn` and `jtconv.linen`, so that one test holds for both."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

import jtconv.linen
import jtconv.nn


class Module(NamedTuple):
    """Initial parameters, and the module as a function of parameters and input."""

    params: dict[str, jax.Array]
    apply: Callable[..., jax.Array]


def make_nnx(kind: str, in_ch: int, out_ch: int, kernel_size: Any, **options: Any) -> Module:
    module = getattr(jtconv.nn, kind)(in_ch, out_ch, kernel_size, rngs=nnx.Rngs(0), **options)
    graph, like, rest = nnx.split(module, nnx.Param, ...)

    def apply(params: Any, *inputs: Any) -> jax.Array:
        return nnx.merge(graph, jtconv.nn.state_from_linen(params, like), rest)(*inputs)

    return Module(jtconv.linen.variables_from_nnx(module)["params"], apply)


def make_linen(kind: str, in_ch: int, out_ch: int, kernel_size: Any, **options: Any) -> Module:
    module = getattr(jtconv.linen, kind)(out_ch, kernel_size, **options)
    ndim = 1 if isinstance(kernel_size, int) else len(kernel_size)
    params = module.init(jax.random.key(0), jnp.ones((*(9,) * ndim, in_ch)))["params"]
    return Module(params, lambda params, *inputs: module.apply({"params": params}, *inputs))


FRAMEWORKS = {"nnx": make_nnx, "linen": make_linen}
both_frameworks = pytest.mark.parametrize("make", FRAMEWORKS.values(), ids=FRAMEWORKS.keys())
both_kinds = pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
