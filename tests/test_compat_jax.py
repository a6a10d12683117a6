"""`jtconv.compat` of lax and flax against the functions themselves; what else needs no other framework."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from oracles import assert_within_rounding, run_once

from jtconv import conv_transpose
from jtconv.compat import equinox, flax, haiku, lax
from tests.checks.agreement import registry
from tests.checks.agreement.compared import compare

LAX = jax.lax.conv_transpose
Y = np.random.default_rng(0).standard_normal((2, 5, 4, 3))


def normal(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


@pytest.mark.parametrize("name", ["lax", "flax"])
def test_a_few_of_the_layers_compared(name):
    """`tests/peers` compares more of them."""
    peer = registry.peer(name)
    outcomes = [compare(peer, c) for c in registry.chosen(peer, every=80)]
    assert {"compared", "both refuse"} <= {o.kind for o in outcomes}
    assert not [f"{o.configuration}: {o.words}" for o in outcomes if o.kind == "failure"]


def test_lax_has_our_parameters():
    ours, theirs = (inspect.signature(f).parameters.values() for f in (lax.conv_transpose, LAX))
    assert [(p.name, p.kind, p.default) for p in theirs] == [(p.name, p.kind, p.default) for p in ours]


@pytest.mark.parametrize("ndim", [0, 4])
def test_lax_without_spatial_axes_and_with_four(ndim):
    space = (3, 4, 2, 3)[:ndim]
    lhs, rhs = normal(2, *space, 3), normal(*(2, 1, 2, 2)[:ndim], 3, 5)
    axes = tuple(range(ndim))
    numbers = jax.lax.ConvDimensionNumbers(
        (0, ndim + 1, *(a + 1 for a in axes)), (ndim + 1, ndim, *axes), (0, ndim + 1, *(a + 1 for a in axes))
    )
    given = {"strides": (2,) * ndim, "padding": "SAME", "dimension_numbers": numbers}
    theirs = functools.partial(LAX, **given)
    ours = run_once(functools.partial(lax.conv_transpose, **given), lhs, rhs)
    terms = 3 * 2**ndim
    assert_within_rounding(ours, run_once(theirs, lhs, rhs), run_once(theirs, abs(lhs), abs(rhs)), terms)


def test_lax_derivative_in_float32():
    """Compare with lax in float64 where it crops and may be wrong on the CPU."""
    lhs, rhs, given = normal(3, 1, 4, 1), normal(3, 4, 1, 1), {"strides": (1, 3), "padding": ((3, 3), (5, 2))}
    theirs = functools.partial(LAX, **given)
    cotangent = normal(*jax.eval_shape(theirs, lhs, rhs).shape)

    def pulled_back(f, *arrays):
        return run_once(lambda x, y, k: jax.vjp(lambda y: f(y, k), y)[1](x)[0], *arrays)

    single = [a.astype(np.float32) for a in (cotangent, lhs, rhs)]
    exact = [a.astype(np.float64) for a in single]
    size = pulled_back(theirs, *map(abs, exact))
    ours = pulled_back(functools.partial(lax.conv_transpose, **given), *single)
    assert_within_rounding(ours, pulled_back(theirs, *exact), size, 12)


def test_lax_cropping_in_float32():
    """Compare with a stride-1 convolution of what is left where XLA may be wrong on the CPU."""
    lhs, rhs = normal(1, 4, 3).astype(np.float32), normal(3, 3, 2).astype(np.float32)
    ours = lax.conv_transpose(lhs, rhs, (1,), ((-2, 2),))
    padded = np.pad(lhs, ((0, 0), (0, 2), (0, 0)))[:, 2:]
    expected = sum(padded[:, t : t + 2] @ rhs[t] for t in range(3))
    assert_within_rounding(ours, expected, sum(abs(padded[:, t : t + 2]) @ abs(rhs[t]) for t in range(3)), 9)


@pytest.mark.parametrize("padding", ["same", "SAME_LOWER", "valid"])
def test_lax_strings_that_are_meant_for_the_stride_1_convolution(padding):
    lhs, rhs = normal(1, 5, 3), normal(4, 3, 2)
    ours, theirs = (functools.partial(f, strides=(1,), padding=padding) for f in (lax.conv_transpose, LAX))
    size = run_once(theirs, abs(lhs), abs(rhs))
    assert_within_rounding(run_once(ours, lhs, rhs), run_once(theirs, lhs, rhs), size, 12)
    with pytest.raises(ValueError, match=rf"`padding` must be 'SAME', 'VALID' or 1 \(lo, hi\) pairs, got '{padding}'"):
        lax.conv_transpose(lhs, rhs, (2,), padding)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"strides": 2}, TypeError, r"`strides` must be a sequence of 2 ints.*got 2"),
        ({"strides": (2,)}, ValueError, r"`strides` must be a sequence of 2 ints.*got \(2,\)"),
        ({"strides": (2, 0)}, ValueError, r"`strides` must be at least 1, got 0"),
        ({"padding": "CIRCULAR"}, ValueError, r"`padding` must be 'SAME', 'VALID' or 2 \(lo, hi\) pairs, got 'CIRC"),
        ({"padding": (1, 1)}, ValueError, r"`padding` must be 'SAME', 'VALID', or 2 \(lo, hi\) pairs.*got \(1, 1\)"),
        ({"padding": ((0, 0), (0, -9))}, ValueError, r"leaves no output on spatial axis 1.*\(2, 2\) is what 'VALID'"),
        ({"padding": ((0, 0), (9, -7))}, ValueError, r"crops all 7 positions of the dilated input on spatial axis 1"),
        ({"dimension_numbers": ("NHWC", "HWIO")}, TypeError, "dimension_numbers"),
        ({"dimension_numbers": ("NCHW", "HWIO", "NCHW")}, ValueError, r"`lhs` must have the 3 channels that `rhs`"),
        ({"preferred_element_type": np.float32}, TypeError, r"`preferred_element_type` must be.*float64.*narrower"),
        ({"rhs": normal(3, 3, 3, 2).astype(np.float32)}, TypeError, r"`lhs` and `rhs` must have one dtype"),
        ({"rhs": normal(3, 3, 2)}, ValueError, r"`lhs` and `rhs` must have equally many axes"),
        ({"lhs": Y.astype(int)}, TypeError, r"`lhs` must have a floating or complex dtype, got int"),
    ],
)
def test_lax_refuses_in_its_words(arguments, error, message):
    given = {"lhs": Y, "rhs": normal(3, 3, 3, 2), "strides": (2, 2), "padding": "SAME"} | arguments
    with pytest.raises(error, match=message):
        lax.conv_transpose(**given)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_flax_circular_as_the_adjoint_of_flax_conv(k, stride):
    """The layer's own numbers are not always that; `test_a_few_of_the_layers_compared` has those."""
    inputs, kernel = normal(2, 3, 3), normal(k, 2, 3)
    module = linen.Conv(3, (k,), (stride,), padding="CIRCULAR", use_bias=False)

    def transposed(inputs, kernel):
        x = jax.ShapeDtypeStruct((2, 3 * stride, 2), inputs.dtype)
        return jax.linear_transpose(lambda x: module.apply({"params": {"kernel": kernel}}, x), x)(inputs)[0]

    ours = flax.conv_transpose(
        inputs, kernel, None, stride, padding="CIRCULAR", transpose_kernel=True, circular_adjoint=True
    )
    expected, size = (run_once(transposed, f(inputs), f(kernel)) for f in (np.asarray, np.abs))
    assert_within_rounding(ours, expected, size, 3 * 3 * k)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"padding": "CAUSAL"},
            ValueError,
            r"`padding` must be.*got 'CAUSAL'.*jtconv.conv_transpose\(padding='CAUSAL'",
        ),
        ({"padding": (1, 2, 3)}, ValueError, r"`padding` must be.*2 entries.*got \(1, 2, 3\)"),
        ({"strides": (1, 2, 3)}, ValueError, r"`strides` must be an int or 2 ints"),
        ({"mask": np.ones((3, 3))}, ValueError, r"`mask` must have the shape of `kernel`, \(3, 3, 3, 2\)"),
        ({"dtype": int}, TypeError, r"`dtype` must be a floating or complex dtype"),
        ({"bias": np.ones(3)}, ValueError, r"`bias` must have shape \(2,\)"),
        ({"inputs": np.ones(3)}, ValueError, r"`inputs` must have 2 spatial axes, as `kernel`"),
        ({"inputs": Y * 1j, "dtype": np.float32}, TypeError, r"`dtype` must be complex where an array is"),
    ],
)
def test_flax_refuses_in_its_words(arguments, error, message):
    with pytest.raises(error, match=message):
        flax.conv_transpose(**({"inputs": Y, "kernel": normal(3, 3, 3, 2)} | arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"padding": "CAUSAL"}, r"`padding` must be one of 'SAME', 'SAME_LOWER', 'VALID', got 'CAUSAL'"),
        ({"output_padding": 2, "stride": 2}, r"`output_padding` must be smaller than `stride`"),
        ({"padding_mode": "REFLECT"}, r"`padding_mode` must be one of 'ZEROS', 'CIRCULAR', got 'REFLECT'"),
        ({"padding_mode": "CIRCULAR"}, r"`padding_mode`='CIRCULAR' must have `padding` 'SAME' or 'SAME_LOWER'"),
        ({"padding": 9}, r"`padding` leaves no output on spatial axis 0"),
        ({"groups": 3}, r"`groups` must divide"),
        ({"x": Y}, r"`x` must have shape \(in_ch, \*size\).*jax.vmap"),
        ({"x": normal(3, 0, 4)}, r"`x` must have no empty spatial axis, got shape"),
        ({"bias": np.ones(4)}, r"`bias` must have shape \(4, 1, 1\)"),
    ],
)
def test_equinox_refuses_in_its_words(arguments, message):
    with pytest.raises(ValueError, match=message):
        equinox.conv_transpose(**({"x": normal(3, 5, 4), "weight": normal(4, 3, 2, 3)} | arguments))


@pytest.mark.parametrize(("padding", "size"), [("SAME", 9), ("SAME", 10), ("VALID", 13), ("VALID", 14)])
def test_haiku_output_shape(padding, size):
    """It names the input of a convolution with the kernel reversed, of which the layer is the transpose."""
    inputs, w = normal(1, 5, 3), normal(5, 2, 3)
    numbers = ("NHC", "HIO", "NHC")

    def transposed(inputs, w):
        def forward(x):
            return jax.lax.conv_general_dilated(x, w[::-1], (2,), padding, dimension_numbers=numbers)

        return jax.linear_transpose(forward, jax.ShapeDtypeStruct((1, size, 2), w.dtype))(inputs)[0]

    ours = haiku.conv_transpose(inputs, w, stride=2, output_shape=size, padding=padding)
    expected, magnitude = (run_once(transposed, f(inputs), f(w)) for f in (np.asarray, np.abs))
    assert_within_rounding(ours, expected, magnitude, 15)


@pytest.mark.parametrize(("padding", "lower"), [("SAME", False), ("SAME_LOWER", True)])
@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_equinox_same(padding, lower, mode):
    """The odd unit of an even kernel's padding goes to one side."""
    x, weight = normal(4, 5), normal(2, 2, 4)
    ours = equinox.conv_transpose(x, weight, stride=1, padding=padding, groups=2, padding_mode=mode)
    lo = 2 if lower else 1
    y = np.pad(x, ((0, 0), (3 - lo, lo)), mode="wrap" if mode == "circular" else "constant")
    windows = np.lib.stride_tricks.sliding_window_view(y, 4, axis=1).reshape(2, 2, 5, 4)
    expected, size = (np.einsum("giot,git->go", f(windows), f(weight)) for f in (np.asarray, np.abs))
    assert_within_rounding(ours, expected, size, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_shape": 40}, r"`output_shape` 40 on spatial axis 0 .* maps to 40 positions .* but the input has 5"),
        ({"output_shape": 5, "padding": ((1, 1), (1, 1))}, r"`padding` must be 'SAME' or 'VALID'.*`output_shape`"),
        ({"data_format": "HWC"}, r"`data_format` must be 'channels_last', 'channels_first'"),
        ({"inputs": normal(1, 1, 5, 4, 3)}, r"at most one batch axis"),
    ],
)
def test_haiku_refuses_in_its_words(arguments, message):
    with pytest.raises(ValueError, match=message):
        haiku.conv_transpose(**({"inputs": Y, "w": normal(3, 2, 4, 3)} | arguments))


def test_haiku_refuses_a_data_format_that_is_no_string():
    with pytest.raises(TypeError, match=r"`data_format` must be a string, .* got None"):
        haiku.conv_transpose(Y, normal(3, 2, 4, 3), data_format=None)  # pyright: ignore[reportArgumentType] (refused, which is tested)


KERNEL = normal(3, 3, 4, 3)  # of the convolution: (*k, x_ch, y_ch)


def plain(y, kernel):
    return conv_transpose(y, kernel, strides=2, padding=((0, 1), (0, 1)), output_size=(10, 8))


@pytest.mark.parametrize(
    ("adapter", "kernel", "extra"),
    [
        (lambda y, k: lax.conv_transpose(y, k, (2, 2), "SAME", transpose_kernel=True), KERNEL, set()),
        (lambda y, k: lax.conv_transpose(y, k, (2, 2), "SAME"), KERNEL.swapaxes(2, 3), {"reverse", "transpose"}),
        (lambda y, k: flax.conv_transpose(y, k, None, 2, transpose_kernel=True), KERNEL, set()),
        (lambda y, k: flax.conv_transpose(y, k, None, 2), KERNEL.swapaxes(2, 3), {"reverse", "transpose"}),
        (lambda y, k: haiku.conv_transpose(y, k, stride=2), KERNEL, {"reverse"}),
    ],
    ids=["lax", "lax reversed", "flax", "flax reversed", "haiku"],
)
def test_operations_beyond_the_convolution(adapter, kernel, extra):
    """Under `jit` an adapter adds nothing but what its peer's layout asks for."""
    assert more_operations(adapter, (Y, kernel), plain, (Y, KERNEL)) == extra


def test_operations_beyond_the_convolution_for_equinox():
    adapter = functools.partial(equinox.conv_transpose, stride=2, padding="SAME")
    arrays = np.moveaxis(Y[0], -1, 0), KERNEL.transpose(2, 3, 0, 1)
    assert more_operations(adapter, arrays, plain, (Y[0], KERNEL)) == {"reverse", "transpose"}


def more_operations(f, arrays, g, others):
    """The operations that stand in `f(*arrays)` more often than in `g(*others)`."""
    more, fewer = operations(f, *arrays), operations(g, *others)
    return {name for name, count in more.items() if count > fewer.get(name, 0)}


def operations(f, *arrays):
    """Count each operation of StableHLO in `f`, before XLA improves on it."""
    counts = {}
    for line in jax.jit(f).lower(*arrays).as_text().splitlines():
        if "stablehlo." in line:
            name = line.split("stablehlo.", 1)[1].split()[0].split("(")[0].rstrip('"')
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_flax_takes_integers_and_mixed_dtypes():
    x = flax.conv_transpose(
        np.arange(12).reshape(1, 4, 3), jnp.ones((2, 3, 2), jnp.bfloat16), jnp.zeros(2, jnp.float32)
    )
    assert x.dtype == jnp.float32
