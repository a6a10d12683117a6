"""States and parameters between NNX, Linen, and Flax's own layers."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from oracles import assert_within_rounding

import jtconv.linen
import jtconv.nn
from jtconv.linen import params_from_flax, params_to_flax, variables_from_nnx
from jtconv.nn import convert_state, state_from_linen

# Sizes and numbers agree for "SAME", and for "VALID" where k >= s; elsewhere Flax's result is
# longer by s - k, which output_padding says here. (padding, kernel_size, strides, dilation, output_padding)
TRANSPOSED = [
    ("VALID", (4, 3), (2, 3), (1, 1), None),
    ("VALID", (3, 2), (2, 1), (2, 3), None),
    ("VALID", (2, 1), (3, 2), (1, 1), (1, 1)),
    ("SAME", (4, 3), (2, 2), (1, 1), None),
    ("SAME", (5, 2), (3, 1), (1, 2), None),
]


def random(*shape) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def ours_and_theirs(padding, kernel_size, strides, dilation, output_padding):
    """Arguments of ConvTranspose with the same meaning, ours and Flax's."""
    ours = {"strides": strides, "padding": padding, "dilation": dilation, "output_padding": output_padding}
    theirs = {"strides": strides, "padding": padding, "kernel_dilation": dilation}
    common = {"kernel_size": kernel_size, "param_dtype": jnp.float64}
    return ours | common, theirs | common


def assert_transposed(x, y, params, options):
    """x is what `conv_transpose` makes of y with the kernel and bias of `params`, to rounding."""
    arguments = {name: options[name] for name in ("strides", "padding", "dilation", "output_padding")}
    kernel, bias = params["kernel"], params["bias"]
    exact = jtconv.conv_transpose(y, kernel, **arguments) + bias
    size = jtconv.conv_transpose(np.abs(y), np.abs(kernel), **arguments) + np.abs(bias)
    assert_within_rounding(x, exact, size, kernel.size)


@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("layer", TRANSPOSED)
def test_conv_transpose_of_linen(layer, transpose_kernel):
    options, flax_options = ours_and_theirs(*layer)
    theirs = linen.ConvTranspose(
        3, **flax_options, transpose_kernel=transpose_kernel, bias_init=linen.initializers.normal()
    )
    ours = jtconv.linen.ConvTranspose(3, **options)
    y = random(2, 5, 6, 4)
    expected, variables = theirs.init_with_output(jax.random.key(0), y)
    params = params_from_flax(variables["params"], transpose_kernel=transpose_kernel)
    assert_transposed(expected, y, params, options)
    assert_transposed(ours.apply({"params": params}, y), y, params, options)
    back = params_to_flax(params, transpose_kernel=transpose_kernel)
    jax.tree.map(np.testing.assert_array_equal, back, dict(variables["params"]))


@pytest.mark.parametrize("transpose_kernel", [False, True])
@pytest.mark.parametrize("layer", TRANSPOSED)
def test_conv_transpose_of_nnx(layer, transpose_kernel):
    options, flax_options = ours_and_theirs(*layer)
    theirs = nnx.ConvTranspose(
        4, 3, **flax_options, transpose_kernel=transpose_kernel, bias_init=nnx.initializers.normal(), rngs=nnx.Rngs(0)
    )
    ours = jtconv.nn.ConvTranspose(4, 3, **options, rngs=nnx.Rngs(1))
    nnx.update(ours, convert_state(theirs, ours))
    y, params = random(2, 5, 6, 4), nnx.to_pure_dict(nnx.state(ours))
    assert_transposed(theirs(y), y, params, options)
    assert_transposed(ours(y), y, params, options)
    jax.tree.map(np.testing.assert_array_equal, convert_state(ours, theirs), nnx.state(theirs))


CONVS = [
    ({"strides": 2, "padding": "SAME", "groups": 2}, {"strides": 2, "padding": "SAME", "feature_group_count": 2}),
    ({"padding": (1, 2), "dilation": (2, 1)}, {"padding": (1, 2), "kernel_dilation": (2, 1)}),
    ({"padding": ((1, 1), (1, 2)), "padding_mode": "circular"}, {"padding": "CIRCULAR"}),
]


@pytest.mark.parametrize(("options", "flax_options"), CONVS)
def test_conv_has_the_parameters_of_flax(options, flax_options):
    common = {"kernel_size": (3, 4), "param_dtype": jnp.float64}
    x = random(2, 7, 8, 4)
    module = linen.Conv(6, **({"strides": 1} | flax_options), **common)
    expected, variables = module.init_with_output(jax.random.key(0), x)
    params: Any = variables["params"]
    arguments = {"strides": 1} | options
    size = jtconv.conv(np.abs(x), np.abs(params["kernel"]), **arguments)
    ours = jtconv.linen.Conv(6, **options, **common)
    assert_within_rounding(ours.apply(variables, x), expected, size, params["kernel"].size)

    theirs = nnx.Conv(4, 6, **flax_options, **common, rngs=nnx.Rngs(0))
    nnx_ours = jtconv.nn.Conv(4, 6, **options, **common, rngs=nnx.Rngs(1))
    nnx.update(nnx_ours, convert_state(theirs, nnx_ours))
    size = jtconv.conv(np.abs(x), np.abs(theirs.kernel[...]), **arguments)
    assert_within_rounding(nnx_ours(x), theirs(x), size, theirs.kernel[...].size)


class Network(nnx.Module):
    """Layers in a list, a normalisation and a dropout, whose state Linen keeps in three ways."""

    def __init__(self, up, rngs):
        self.ups = nnx.List([up(4, 3, (4,), rngs=rngs), up(3, 2, (3,), rngs=rngs)])
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, y):
        y = self.norm(self.ups[0](y), use_running_average=True)
        return self.ups[1](self.dropout(y, deterministic=True))


class LinenNetwork(linen.Module):
    def setup(self):
        self.ups = [jtconv.linen.ConvTranspose(3, (4,)), jtconv.linen.ConvTranspose(2, (3,))]
        self.norm = linen.BatchNorm(use_running_average=True)

    def __call__(self, y):
        return self.ups[1](self.norm(self.ups[0](y)))


def test_a_model_between_nnx_and_linen():
    model, y = Network(jtconv.nn.ConvTranspose, nnx.Rngs(0)), random(2, 6, 4)
    model.norm.mean[...] = random(3).astype(np.float32)
    variables = variables_from_nnx(model)
    assert variables.keys() == {"params", "batch_stats"}
    fresh = LinenNetwork().init(jax.random.key(0), y)
    assert jax.tree.map(jnp.shape, variables) == jax.tree.map(jnp.shape, fresh)
    x: Any = LinenNetwork().apply(variables, y)
    np.testing.assert_allclose(x, model(y), rtol=1e-6, atol=1e-6)  # their normalisations round 1/std to float32 or not

    like = nnx.eval_shape(lambda: Network(jtconv.nn.ConvTranspose, nnx.Rngs(1)))
    state = state_from_linen(variables, like)
    jax.tree.map(np.testing.assert_array_equal, state, nnx.state(model, (nnx.Param, nnx.BatchStat)))
    other = Network(jtconv.nn.ConvTranspose, nnx.Rngs(1))
    nnx.update(other, state)
    np.testing.assert_array_equal(other(y), model(y))


def test_a_model_of_flax_and_one_of_ours():
    def theirs(in_ch, out_ch, kernel_size, rngs):
        return nnx.ConvTranspose(in_ch, out_ch, kernel_size, padding="VALID", rngs=rngs)

    flax_model, model = Network(theirs, nnx.Rngs(0)), Network(jtconv.nn.ConvTranspose, nnx.Rngs(1))
    flax_model.norm.mean[...] = random(3).astype(np.float32)
    nnx.update(model, convert_state(flax_model, model))
    y = random(2, 6, 4)
    np.testing.assert_allclose(model(y), flax_model(y), rtol=1e-4, atol=1e-5)  # float32 parameters
    back = convert_state(model, flax_model)
    jax.tree.map(np.testing.assert_array_equal, back, nnx.state(flax_model, (nnx.Param, nnx.BatchStat)))


def test_groups_stay_as_they_are():
    layers = [jtconv.nn.ConvTranspose(4, 6, 3, groups=2, rngs=nnx.Rngs(seed)) for seed in range(2)]
    nnx.update(layers[1], convert_state(*layers))
    np.testing.assert_array_equal(layers[1].kernel[...], layers[0].kernel[...])


def test_metadata_stays_with_the_module():
    mesh = jax.make_mesh((1,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
    variables = jtconv.linen.Conv(3, 2).init(jax.random.key(0), random(5, 4))
    with jax.set_mesh(mesh):
        module = jtconv.nn.Conv(
            4, 3, 2, kernel_metadata={"out_sharding": (None, None, "model")}, rngs=nnx.Rngs(0)
        )  # fmt: skip
        state = state_from_linen(variables["params"], module)
    assert state["kernel"].out_sharding == (None, None, "model")
    np.testing.assert_array_equal(state["kernel"][...], variables["params"]["kernel"])


def test_sharding_metadata_of_linen_is_dropped():
    init = linen.with_partitioning(jtconv.linen.bilinear(), (None, None, "model"))
    variables = jtconv.linen.ConvTranspose(3, 2, kernel_init=init).init(jax.random.key(0), random(5, 3))
    state = state_from_linen(variables, jtconv.nn.ConvTranspose(3, 3, 2, rngs=nnx.Rngs(0)))
    expected = linen.unbox(variables)["params"]["kernel"]
    np.testing.assert_array_equal(state["kernel"][...], expected)
    np.testing.assert_array_equal(params_from_flax(variables["params"], transpose_kernel=True)["kernel"], expected)


def test_all_wrong_entries_are_listed():
    like = Network(jtconv.nn.ConvTranspose, nnx.Rngs(0))
    params = variables_from_nnx(like)["params"]
    del params["ups_0"]["bias"]
    params["ups_1"]["kernel"] = np.ones((3, 2, 5))
    params["head"] = {"kernel": np.ones((7, 7))}
    expected = """`variables` must have the expected entries, each with the expected shape:
  missing: batch_stats/norm/mean (3,), batch_stats/norm/var (3,), params/ups_0/bias (3,)
  of a wrong shape: params/ups_1/kernel (3, 2, 5) for (3, 2, 3)
  unexpected: params/head/kernel (7, 7)"""
    with pytest.raises(ValueError, match="^" + re.escape(expected) + "$"):
        state_from_linen(params, like)
    with pytest.raises(
        ValueError, match=r"`source` must have .*\n  of a wrong shape: kernel \(3, 2, 4\) for \(3, 2, 5\)"
    ):
        convert_state(*[jtconv.nn.ConvTranspose(n, 2, 3, rngs=nnx.Rngs(0)) for n in (4, 5)])


@pytest.mark.parametrize("convert", [params_from_flax, params_to_flax])
def test_wrong_params(convert):
    with pytest.raises(ValueError, match=r"`params` must have a \"kernel\" of at least 2 axes"):
        convert({"bias": np.ones(3)})
    params = {"kernel": np.ones((2, 5, 5)), "bias": np.ones(4), "scale": np.ones(5)}
    with pytest.raises(ValueError, match=r"wrong shape: bias \(4,\) for \(5,\)\n  unexpected: scale \(5,\)"):
        convert(params)
    with pytest.raises(TypeError, match="`params` must be a dict"):
        convert(np.ones((2, 5, 5)))


def test_wrong_types():
    layer = jtconv.nn.Conv(2, 3, 3, rngs=nnx.Rngs(0))
    with pytest.raises(TypeError, match="`module` must be an NNX module or its state"):
        variables_from_nnx(jtconv.linen.Conv(3, 3))  # pyright: ignore[reportArgumentType] (refused, which is tested)
    with pytest.raises(TypeError, match="`variables` must be nested dicts"):
        state_from_linen(nnx.state(layer)["kernel"], layer)  # pyright: ignore[reportArgumentType] (refused, which is tested)
    with pytest.raises(TypeError, match="`source` must be an NNX module, whose layers"):
        convert_state(nnx.state(layer), layer)  # pyright: ignore[reportArgumentType] (refused, which is tested)
