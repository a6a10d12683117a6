"""The CPU kernels for few channels, which compute by lines: against sums over taps in NumPy, in float64."""

import itertools
import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import assert_within_rounding, share

from jtconv import ConvGeometry
from jtconv._compute import cpu

pytestmark = pytest.mark.skipif(not cpu.available(), reason="compiled only where there is a C++ compiler")

# name: batch, input size, kernel shape, geometry. What is named is what the sizes make happen.
LAYERS = {
    "a picture, one channel": (1, (61, 83), (5, 4, 1, 1), {"padding": ((2, 2), (1, 2))}),
    "a long line in parts": (2, (5003,), (9, 1, 1), {"padding": 4}),
    "a long line in parts, strides": (1, (7001,), (6, 1, 2), {"strides": 3, "padding": ((2, 1),)}),
    "more taps than a vector": (1, (900,), (301, 1, 1), {}),
    "images share lines": (9, (6, 7), (3, 2, 1, 1), {"padding": 1}),
    "images share lines, strides": (13, (9, 11), (3, 4, 2, 3), {"strides": (2, 3), "padding": (1, 2)}),
    "several bands of rows": (1, (301, 40), (6, 3, 1, 1), {"padding": 2}),
    "no tap reads some positions": (2, (30, 29), (2, 1, 2, 1), {"strides": (4, 3)}),
    "strides beyond the input": (1, (3, 2), (2, 2, 1, 2), {"strides": (7, 5)}),
    "taps on padding only": (1, (4, 5), (9, 11, 1, 1), {"padding": 9}),
    "outputs on padding only": (1, (4, 5), (2, 3, 1, 1), {"padding": ((0, 9), (11, 0))}),
    "cropped": (2, (32, 43), (3, 4, 2, 1), {"padding": ((-1, 2), (3, -2))}),
    "dilated": (2, (41, 52), (4, 3, 1, 3), {"dilation": (2, 5), "padding": 3}),
    "dilation and strides": (1, (40, 53), (5, 4, 1, 1), {"dilation": (3, 2), "strides": (2, 4)}),
    "last axis of size 1": (2, (205, 1), (9, 1, 1, 1), {"padding": ((3, 4), (0, 0))}),
    "narrow": (3, (205, 2), (9, 2, 1, 1), {"padding": (4, 1)}),
    "three axes": (2, (9, 14, 23), (3, 4, 2, 1, 1), {"padding": 1}),
    "three axes, strides": (1, (13, 10, 31), (3, 2, 5, 2, 2), {"strides": (2, 3, 2), "padding": (1, 0, 2)}),
    "three channels": (1, (40, 50), (3, 3, 3, 3), {"padding": 1}),
    "channels in two parts": (1, (23, 31), (3, 2, 5, 6), {"padding": 1}),
    "one to sixteen": (2, (23, 31), (3, 3, 1, 16), {"padding": 1}),
    "thirty to two": (1, (23, 31), (3, 3, 30, 2), {"padding": 1}),
    "two groups of one": (2, (33, 21), (4, 3, 1, 2), {"groups": 2, "strides": 2}),
    "seven groups of one": (1, (33, 21), (4, 3, 1, 7), {"groups": 7, "padding": 1}),
    "groups of one to two": (1, (33, 21), (4, 3, 1, 6), {"groups": 3, "padding": 1}),
    "groups of three": (2, (18, 29), (3, 5, 3, 6), {"groups": 2, "strides": (1, 2), "padding": 2}),
    "small groups, many taps": (1, (40, 44), (7, 7, 1, 24), {"groups": 24, "padding": 3}),
}


def pairs(spec, t):
    """Positions of x, and of y, that tap t joins, for each axis."""
    for i, o, s, d, (lo, _), tap in zip(
        spec.input_size, spec.output_size, spec.strides, spec.dilation, spec.pads, t, strict=True
    ):
        outputs = np.arange(o)
        inputs = s * outputs + d * tap - lo
        inside = (inputs >= 0) & (inputs < i)
        yield inputs[inside], outputs[inside]


def sums_over_taps(x, kernel, y, spec):
    """C x, Cᵀ y and the kernel's gradient, in float64."""
    x, kernel, y = (np.asarray(a, np.float64) for a in (x, kernel, y))
    g, images = spec.groups, np.arange(len(x))
    xg, yg, wg = (a.reshape(*a.shape[:-1], g, a.shape[-1] // g) for a in (x, y, kernel))
    by_x, by_y, by_w = np.zeros_like(xg), np.zeros_like(yg), np.zeros_like(wg)
    for t in itertools.product(*map(range, spec.kernel_size)):
        inputs, outputs = (np.ix_(images, *at) for at in zip(*pairs(spec, t), strict=True))
        by_y[outputs] += np.einsum("...gi,igo->...go", xg[inputs], wg[t])
        by_x[inputs] += np.einsum("...go,igo->...gi", yg[outputs], wg[t])
        rows = (a.reshape(-1, *a.shape[-2:]) for a in (xg[inputs], yg[outputs]))
        by_w[t] += np.einsum("ngi,ngo->igo", *rows)
    return by_y.reshape(y.shape), by_x.reshape(x.shape), by_w.reshape(kernel.shape)


def arrays_of(spec, batch, kernel_shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (batch, *spec.input_size, kernel_shape[-2] * spec.groups), kernel_shape
    shapes = *shapes, (batch, *spec.output_size, kernel_shape[-1])
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


def three_maps(x, kernel, y, spec):
    x, kernel, y = jnp.asarray(x), jnp.asarray(kernel), jnp.asarray(y)
    return (
        cpu.forward(x[None], kernel[None], spec)[0],
        cpu.transposed(y[None], kernel[None], spec)[0],
        cpu.kernel_gradient(x[None], y[None], spec)[0],
    )


def check(spec, batch, kernel_shape, dtype, seed=0):
    x, kernel, y = arrays_of(spec, batch, kernel_shape, dtype, seed)
    exact = sums_over_taps(x, kernel, y, spec)
    magnitudes = sums_over_taps(abs(x), abs(kernel), abs(y), spec)
    taps, (in_ch, out_ch) = np.prod(spec.kernel_size), kernel_shape[-2:]
    counts = taps * in_ch, taps * out_ch // spec.groups, batch * np.prod(spec.output_size)
    got = three_maps(x, kernel, y, spec)
    for one, right, magnitude, count in zip(got, exact, magnitudes, counts, strict=True):
        assert_within_rounding(one, right, magnitude, int(count))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_named_layers(name, dtype):
    batch, size, kernel_shape, arguments = LAYERS[name]
    check(ConvGeometry(kernel_shape[:-2], **arguments).at(size), batch, kernel_shape, dtype)


@st.composite
def layers(draw):
    """One or a few channels, one to three axes, and what else a layer may have."""
    ndim = draw(st.integers(1, 3))
    most_taps, most = {1: (40, 1500), 2: (9, 50), 3: (4, 14)}[ndim]

    def per_axis(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    kernel_size, strides, size = per_axis(1, most_taps), per_axis(1, 5), per_axis(1, most)
    padding = tuple(zip(per_axis(-3, 6), per_axis(-3, 6), strict=True))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    in_ch, out_ch = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    geometry = ConvGeometry(
        kernel_size, strides=strides, padding=padding, dilation=draw(st.sampled_from([1, 1, 2, 3])), groups=groups
    )
    try:
        spec = geometry.at(size)
    except ValueError:
        assume(False)
    batch = draw(st.sampled_from([1, 2, 9]))
    return spec, batch, (*kernel_size, in_ch, out_ch * groups)


@settings(max_examples=share(0.25))
@given(layers(), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
def test_random_layers(layer, dtype, seed):
    spec, batch, kernel_shape = layer
    assume(min(spec.output_size) > 0)
    check(spec, batch, kernel_shape, dtype, seed)


def test_nothing_outside_a_window_enters_a_sum():
    """A NaN reaches only the results of which it is a term: rows and columns are not multiplied by zero."""
    for strides in (1, 2):
        spec = ConvGeometry((3, 4), strides=strides).at((23, 41))
        x, kernel, y = arrays_of(spec, 1, (3, 4, 1, 1), np.float32)
        x[0, 11, 17], y[0, 5, 9] = np.nan, np.nan
        forward, transposed, _ = three_maps(x, kernel, y, spec)
        exact = sums_over_taps(x, kernel, y, spec)
        for got, right in zip((forward, transposed), exact[:2], strict=True):
            np.testing.assert_array_equal(np.isnan(got), np.isnan(right))


# Prints a digest of all results of the layers above; the number of threads is that of the environment.
DIGEST = """
import hashlib
import numpy as np
from jtconv import ConvGeometry
from test_cpu_lines import LAYERS, arrays_of, three_maps

digest = hashlib.sha256()
large = {"large": (2, (200, 150), (5, 5, 1, 1), {"padding": 2}), "long": (1, (60_000,), (31, 2, 1), {})}
for batch, size, kernel_shape, arguments in (LAYERS | large).values():
    spec = ConvGeometry(kernel_shape[:-2], **arguments).at(size)
    for result in three_maps(*arrays_of(spec, batch, kernel_shape, np.float32), spec):
        digest.update(np.asarray(result).tobytes())
print(digest.hexdigest())
"""


def test_the_number_of_threads_changes_no_bit():
    def digest(threads):
        variables = {"NPROC": str(threads), "PYTHONPATH": os.path.dirname(__file__), "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, "-c", DIGEST]
        return subprocess.run(command, env=os.environ | variables, check=True, capture_output=True, text=True).stdout

    assert digest(1) == digest(2) == digest(5)
