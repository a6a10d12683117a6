"""What "auto" is on accelerators: the same numbers, and no multiplication by inserted zeros."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from lowered import inserts_zeros, multiplications, operations
from oracles import assert_within_rounding, cases, make_case, run_once, share, terms

from jtconv import ConvGeometry, conv, conv_transpose
from jtconv._compute.implementation import Request
from jtconv._primitives.dispatch import compute
from jtconv.bench._layers import RARE, SUITE

PLATFORMS = ("cuda", "tpu")
PARTS = ("forward", "gradient by y", "gradient by the kernel")
# Multiplications over those needed. A TPU multiplies by taps of zeros where folding makes the strides divide the kernel
# size: they take places that would stay empty, and the bundles issued become fewer.
MAX_GROWTH = {"cuda": 1.35, "rocm": 1.35, "tpu": 2.6}
LAYERS = {layer.name: layer for layer in (*SUITE, *RARE)}


def for_platform(computes, platform, a, b, spec):
    """What a program for this platform computes, run here."""
    return compute(computes, Request(spec, (a.shape, b.shape), platform), a, b, None)


def in_normal_form(case):
    """x, kernel and y with one batch axis, and the spec."""
    geometry = ConvGeometry(case.kernel.shape[:-2], **case.geometry)
    spec = geometry.at(case.input_size)
    return *(a.reshape(-1, *a.shape[a.ndim - spec.ndim - 1 :]) for a in (case.x, case.y)), spec


def assert_equals_lax(case):
    x, y, spec = in_normal_form(case)

    def everything(x, kernel, y):
        f = partial(conv, **case.geometry)
        cx, pullback = jax.vjp(f, x, kernel)
        gradients = pullback(y)
        ours = [
            (
                for_platform("forward", platform, x, kernel, spec),
                for_platform("transposed", platform, y, kernel, spec),
                for_platform("kernel_gradient", platform, x, y, spec),
            )
            for platform in PLATFORMS
        ]
        return (cx, *gradients), ours

    expected, ours = run_once(everything, x, case.kernel, y)
    sizes, _ = run_once(everything, abs(x), abs(case.kernel), abs(y))
    counts = terms(case.kernel, 1), terms(case.kernel, 1), max(1, y.size)
    for three in ours:
        for got, exact, size, n in zip(three, expected, sizes, counts, strict=True):
            assert_within_rounding(got, exact, size, n)


@settings(max_examples=share(0.3))
@given(cases(1))
def test_1d_layers_are_exact(case):
    assert_equals_lax(case)


@settings(max_examples=share(0.4))
@given(cases(2))
def test_2d_layers_are_exact(case):
    assert_equals_lax(case)


@settings(max_examples=share(0.15))
@given(cases(3))
def test_3d_layers_are_exact(case):
    assert_equals_lax(case)


@pytest.mark.parametrize(
    ("size", "kernel", "arguments"),
    [
        ((23, 31), (3, 5, 4, 6), {"strides": 2, "dilation": (2, 4), "padding": (2, 1)}),  # a common factor
        ((40, 33), (3, 3, 4, 6), {"strides": (3, 2), "dilation": (2, 3), "padding": ((3, 1), (-1, 4))}),  # none
        ((41, 38), (3, 2, 2, 8), {"strides": (6, 4), "dilation": (4, 6), "groups": 2}),  # a part of it
        ((30, 29), (4, 3, 2, 6), {"strides": (2, 1), "dilation": (1, 3), "groups": 3}),  # dilation where no stride is
        ((21, 26), (3, 3, 1, 6), {"strides": 2, "dilation": 3, "groups": 6, "padding": "SAME"}),  # depthwise
        ((96, 128), (64, 48, 3, 5), {"strides": (32, 16), "padding": (16, 8)}),  # a kernel larger than y
        ((11, 9), (4, 4, 3, 5), {"strides": 2, "padding": 1, "padding_mode": "reflect"}),
        ((50,), (16, 4, 3), {"strides": 5, "padding": "CAUSAL"}),
        ((4, 5), (4, 5, 3, 6), {}),  # one position
        ((6, 3), (4, 5, 3, 6), {"padding": ((-1, -1), (1, 1)), "strides": 3}),
        ((4,), (6, 3, 6), {"padding": ((2, 0),), "padding_mode": "circular"}),
        ((1, 5), (2, 1, 3, 4), {"strides": (2, 1), "dilation": (2, 1), "padding": "SAME"}),  # all taps are on padding
        ((40, 30), (3, 4, 3, 6), {"dilation": (4, 2), "padding": "CAUSAL"}),  # uneven padding of a dilated window
        ((29, 31), (32, 24, 2, 3), {"strides": 8, "padding": ((3, 9), (5, 8))}),  # of a kernel's gradient
    ],
)  # fmt: skip
def test_layers_of_every_form_are_exact(size, kernel, arguments):
    assert_equals_lax(make_case(size, kernel, **arguments))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("size", "unread", "arguments"),
    [
        (46, slice(42, None), {"strides": 5, "dilation": 3}),
        (40, slice(34, None), {"strides": 2, "dilation": 3, "padding": ((0, -6),)}),
    ],
)
def test_what_no_window_reads_reaches_no_gradient(platform, size, unread, arguments):
    spec = ConvGeometry((3,), **arguments).at((size,))
    x = np.ones((1, size, 1))
    x[:, unread] = np.nan
    y = np.ones((1, *spec.output_size, 1))
    got = for_platform("kernel_gradient", platform, jnp.asarray(x), jnp.asarray(y), spec)
    np.testing.assert_array_equal(np.ravel(got), [spec.output_size[0]] * 3)


def programs(layer, dtype=jnp.float32):
    """The functions of each part, and their arguments."""
    arguments = {"strides": layer.strides, **layer.arguments}
    y, kernel, x = (jax.ShapeDtypeStruct(s, dtype) for s in (layer.y_shape, layer.kernel_shape, layer.x_shape))

    f = partial(conv_transpose, **arguments)
    return {
        "forward": (f, (y, kernel)),
        "gradient by y": (lambda kernel, g: jax.linear_transpose(lambda y: f(y, kernel), y)(g)[0], (kernel, x)),
        "gradient by the kernel": (lambda y, g: jax.linear_transpose(partial(f, y), kernel)(g)[0], (y, x)),
    }


def needed(layer, platform):
    """Multiplications of a layer. A TPU multiplies 128 channels by 128 at once: groups are merged up to that many."""
    widest = max(layer.x_ch, layer.y_ch) // layer.groups
    merged = [n for n in range(1, layer.groups + 1) if layer.groups % n == 0 and (n == 1 or n * widest <= 128)]
    is_merged = platform == "tpu" and widest > 1
    return layer.flops / 2 * (max(merged) if is_merged else 1)


@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
@pytest.mark.parametrize("name", LAYERS)
def test_no_program_multiplies_by_inserted_zeros(name, platform):
    layer = LAYERS[name]
    for part, (f, arguments) in programs(layer).items():
        found = operations(f, *arguments, platform=platform)
        assert multiplications(found, platform) <= MAX_GROWTH[platform] * needed(layer, platform), part
        assert platform == "tpu" or not any(map(inserts_zeros, found)), part


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        ((4, 4, 3, 5), {"strides": 2}),
        ((3, 3, 3, 4), {"strides": 2, "dilation": 3, "groups": 2}),
        ((3, 3, 1, 6), {"strides": 2, "dilation": 2, "groups": 6, "padding_mode": "reflect", "padding": 1}),
        ((9, 8, 3, 5), {"strides": 4}),
    ],
)
def test_programs_with_an_open_batch_are_exported_for_every_platform(kernel, arguments):
    (batch,) = jax.export.symbolic_shape("b")
    y = jax.ShapeDtypeStruct((batch, 4, 5, kernel[-1]), jnp.float32)
    w = jax.ShapeDtypeStruct(kernel, jnp.float32)

    def everything(y, kernel):
        x, pullback = jax.vjp(partial(conv_transpose, **arguments), y, kernel)
        return x, *pullback(x)

    exported = jax.export.export(jax.jit(everything), platforms=("cpu", "cuda", "rocm", "tpu"))(y, w)
    assert str(exported.out_avals[0].shape[0]) == "b"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", ["FCN-8 up2", "grouped 4", "stride 2 dilated 3", "depthwise 3x3"])
def test_half_precision_is_converted_in_no_whole_array(name, platform):
    """Arrays stay bfloat16 as they enter products; what is summed is float32."""
    layer = LAYERS[name]
    for part, (f, arguments) in programs(layer, jnp.bfloat16).items():
        found = operations(f, *arguments, platform=platform)
        products = [one for one in found if one.name in ("stablehlo.convolution", "stablehlo.dot_general")]
        entering = [operand for one in products for operand in one.operands]
        assert all("bf16" in str(operand.type) for operand in entering), part
