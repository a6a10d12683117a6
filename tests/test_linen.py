"""The Linen modules: arguments by position, tables, transformations, metadata. See test_modules.py too."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from jtconv import conv_transpose
from jtconv.linen import Conv, ConvTranspose, bilinear

KEY = jax.random.key(0)


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_two_arguments_by_position():
    assert ConvTranspose(3, (4, 4)).kernel_size == (4, 4)
    modules: list[Any] = [Conv, ConvTranspose]
    for module in modules:
        with pytest.raises(TypeError, match="positional"):
            module(3, (4, 4), 2)


def test_arguments_are_checked_when_the_module_is_made():
    with pytest.raises(ValueError, match="`strides` must be at least 1"):
        ConvTranspose(3, (4, 4), strides=0)


def test_in_setup_and_in_compact_modules():
    class InSetup(linen.Module):
        def setup(self):
            self.ups = [ConvTranspose(3, (4, 4), strides=2), ConvTranspose(2, (3, 3))]

        def __call__(self, y):
            for up in self.ups:
                y = up(y)
            return y

    class Compact(linen.Module):
        @linen.compact
        def __call__(self, y):
            y = ConvTranspose(3, (4, 4), strides=2, name="ups_0")(y)
            return ConvTranspose(2, (3, 3), name="ups_1")(y)

    y = random(2, 5, 6, 4)
    variables = InSetup().init(KEY, y)
    assert jax.tree.map(jnp.shape, variables["params"]) == {
        "ups_0": {"kernel": (4, 4, 3, 4), "bias": (3,)},
        "ups_1": {"kernel": (3, 3, 2, 3), "bias": (2,)},
    }
    np.testing.assert_array_equal(InSetup().apply(variables, y), Compact().apply(variables, y))


def test_table():
    table = ConvTranspose(3, (4, 4), strides=2).tabulate(KEY, random(2, 5, 6, 8), console_kwargs={"width": 200})
    assert "[2,12,14,3]" in table
    assert f"{4 * 4 * 3 * 8 + 3}" in table


def test_transformations():
    """`linen.remat` and `linen.jit` compute the same."""
    y = random(2, 7, 2)
    layer = {"out_ch": 2, "kernel_size": 3, "padding": "SAME", "mask": random(3, 2, 2) > 0}
    variables = ConvTranspose(**layer).init(KEY, y)
    transforms: list[Any] = [lambda module: module, linen.remat, linen.jit]
    plain, *others = (transform(ConvTranspose)(**layer).apply(variables, y) for transform in transforms)
    for x in others:
        np.testing.assert_allclose(x, plain, rtol=1e-5)


def test_scan_over_layers():
    class Step(linen.Module):
        @linen.compact
        def __call__(self, y, _):
            return ConvTranspose(2, 3, padding="SAME", use_bias=False, name="up")(y), None

    stack = linen.scan(Step, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
    y = random(1, 7, 2)
    variables: Any = stack().init(KEY, y, None)
    x, _ = stack().apply(variables, y, None)
    for kernel in variables["params"]["up"]["kernel"]:
        y = conv_transpose(y, kernel, padding="SAME")
    np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("module", [Conv, ConvTranspose])
def test_sharding_metadata(module):
    sharding = (None, None, None, "model")
    partitioned = module(4, (3, 2), kernel_init=linen.with_partitioning(bilinear(), sharding))
    plain = module(4, (3, 2), kernel_init=bilinear())
    x = random(5, 6, 4)
    variables = partitioned.init(KEY, x)
    assert linen.get_partition_spec(variables)["params"]["kernel"] == jax.P(*sharding)
    np.testing.assert_array_equal(partitioned.apply(variables, x), plain.apply(plain.init(KEY, x), x))
    with pytest.raises(ValueError, match="must have 4 channels"):
        partitioned.apply(variables, random(5, 6, 3))
