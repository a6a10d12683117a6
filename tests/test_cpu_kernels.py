"""The CPU kernels, at the sizes where they take another path: against JAX's derivatives of lax's convolution.

`test_cpu_lines.py` has the layers of few channels.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_within_rounding, run_once

from jtconv import ConvGeometry, conv_transpose
from jtconv._compute import cpu
from jtconv._compute.lax import lax_conv

pytestmark = pytest.mark.skipif(not cpu.available(), reason="compiled only where there is a C++ compiler")

# name: batch, input size, kernel shape, geometry. What is named is what the sizes make happen.
LAYERS = {
    "several blocks of rows, the last not whole": (2, (13, 17), (3, 2, 9, 13), {"padding": 1}),
    "depth in parts": (1, (19, 17), (2, 3, 401, 20), {"strides": 2}),
    "depth in parts, few rows": (1, (5, 6), (2, 3, 790, 24), {"strides": (2, 1)}),
    "dot products in parts": (1, (6, 7), (2, 2, 5, 1100), {"strides": 2}),
    "one column": (2, (11, 12), (3, 3, 1, 19), {"strides": 2, "padding": 1}),
    "two columns": (2, (11, 12), (3, 3, 2, 19), {"strides": 2, "padding": 1}),
    "channels gathered, in parts": (1, (9, 40), (11, 13, 11, 13), {"padding": 5}),
    "few channels, most taps beside": (2, (402,), (400, 11, 13), {}),
    "positions apart, images together": (7, (4, 5), (3, 4, 12, 13), {"padding": (2, 3)}),
    "positions merged": (3, (8, 12), (5, 8, 6, 21), {"strides": (3, 4)}),
    "all of one image read at once": (2, (30,), (6, 5, 9), {"strides": 3}),
    "padding beside merged positions": (2, (9, 10), (3, 4, 9, 10), {"strides": 2, "padding": ((0, 0), (2, 2))}),
    "groups": (2, (9, 8), (3, 3, 20, 3 * 17), {"strides": 2, "padding": 1, "groups": 3}),
    "channels by themselves": (2, (9, 8, 7), (3, 2, 3, 1, 45), {"strides": (2, 1, 2), "padding": 1, "groups": 45}),
    "groups of two": (2, (9, 8), (3, 2, 2, 2 * 23), {"strides": 2, "padding": 1, "groups": 23}),
    "groups of four": (1, (7, 5, 6), (3, 1, 3, 4, 4 * 11), {"strides": (1, 2, 1), "padding": 1, "groups": 11}),
    "three axes": (2, (6, 7, 9), (3, 2, 4, 10, 33), {"strides": (2, 1, 3), "dilation": (1, 2, 1), "padding": 2}),
    "taps that no output has": (1, (7, 9), (2, 2, 12, 13), {"strides": 3, "dilation": 3}),
    "cropped": (2, (12, 13), (3, 4, 12, 13), {"padding": ((-1, 2), (3, -2))}),
    "more positions than a block, a wide gradient": (3, (22, 23), (3, 3, 70, 150), {"padding": 1}),
    "a narrow gradient": (3, (12, 23), (3, 3, 14, 69), {"padding": 1}),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_every_path_is_lax(name, dtype):
    batch, size, kernel_shape, arguments = LAYERS[name]
    spec = ConvGeometry(kernel_shape[:-2], **arguments).at(size)
    rng = np.random.default_rng(sum(kernel_shape))
    x = rng.standard_normal((batch, *size, kernel_shape[-2] * spec.groups)).astype(dtype)
    kernel = rng.standard_normal(kernel_shape).astype(dtype)
    y = rng.standard_normal((batch, *spec.output_size, kernel_shape[-1])).astype(dtype)

    def compute(x, kernel, y):
        expected, pullback = jax.vjp(lambda x, w: lax_conv(x, w, spec, None), x, kernel)
        ours = (
            cpu.forward(x[None], kernel[None], spec)[0],
            cpu.transposed(y[None], kernel[None], spec)[0],
            cpu.kernel_gradient(x[None], y[None], spec)[0],
        )
        return ours, (expected, *pullback(y))

    wide = (a.astype(np.float64) for a in (x, kernel, y))
    (got, _), (_, expected) = run_once(compute, x, kernel, y), run_once(compute, *wide)
    _, sizes = run_once(compute, *(abs(a).astype(np.float64) for a in (x, kernel, y)))
    terms = np.prod(kernel_shape) // np.array([kernel_shape[-1], kernel_shape[-2], 1])
    for one, right, size, count in zip(got, expected, sizes, (*terms[:2], y.size // kernel_shape[-1]), strict=True):
        assert_within_rounding(one, right, size, 2 * int(count))


def test_no_images():
    y, kernel = jnp.zeros((0, 4, 5, 3)), jnp.ones((2, 2, 4, 3))
    x, pullback = jax.vjp(lambda y, w: conv_transpose(y, w, strides=2), y, kernel)
    assert x.shape == (0, 8, 10, 4)
    np.testing.assert_array_equal(pullback(x)[1], np.zeros(kernel.shape))


def test_it_is_what_auto_uses_on_a_cpu_and_nowhere_else():
    y, kernel = jnp.ones((1, 4, 5, 3)), jnp.ones((2, 2, 4, 3))
    f = jax.jit(lambda y, w: conv_transpose(y, w, strides=2)).trace(y, kernel)
    assert "jtconv_transposed" in f.lower(lowering_platforms=("cpu",)).as_text()
    assert "jtconv_transposed" not in f.lower(lowering_platforms=("cuda",)).as_text()
    exported = jax.export.export(jax.jit(lambda y, w: conv_transpose(y, w, strides=2)), platforms=["cpu"])(y, kernel)
    assert "jtconv_transposed" not in exported.mlir_module()


def test_kernels_of_many_taps_on_few_outputs():
    """Lists of what each tap reads would be nearly all of zeros: of 20,000 taps, seconds to make."""
    rng = np.random.default_rng(0)
    y, kernel = rng.standard_normal((2, 6, 3)), rng.standard_normal((20_000, 2, 3))
    f = jax.jit(conv_transpose)
    assert "jtconv_transposed" not in f.lower(y, kernel).as_text()
    assert "jtconv_transposed" in f.lower(np.ones((2, 600, 3)), kernel).as_text()
    assert "jtconv_transposed" in f.lower(np.ones((400, 6, 3)), kernel).as_text()  # lax's zeros are for every image
    expected, size = np.zeros((2, 2, 20_005, 2))
    for o in range(6):
        for total, (image, taps) in zip((expected, size), ((y, kernel), (abs(y), abs(kernel))), strict=True):
            total[:, o : o + 20_000] += np.einsum("nf,tcf->ntc", image[:, o], taps)
    assert_within_rounding(f(y, kernel), expected, size, 18)


def test_without_the_compiled_library_all_is_computed_by_xla(monkeypatch):
    monkeypatch.setattr(cpu, "available", lambda: False)
    y, kernel = jnp.ones((1, 4, 5, 3)), jnp.ones((2, 2, 4, 3))
    program = jax.jit(lambda y, w: conv_transpose(y, w, strides=2)).lower(y, kernel).as_text()
    assert "jtconv_transposed" not in program
    with pytest.raises(RuntimeError, match="C\\+\\+ compiler"):
        cpu.forward(y[None], kernel[None], ConvGeometry((2, 2)).at((4, 5)))


def test_a_library_that_cannot_be_loaded_is_a_warning(monkeypatch):
    def broken(path):
        raise OSError("invalid ELF header")

    monkeypatch.setattr(cpu.ctypes, "CDLL", broken)
    with pytest.warns(UserWarning, match="computes by XLA.*invalid ELF header"):
        assert not cpu.available.__wrapped__()
