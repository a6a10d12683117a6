"""Convolutions in tiles: the plan in integers, the numbers, their derivatives, and the memory of compiled programs."""

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import geometries, padded_sources, run_once

import jtconv
from jtconv import spatial
from jtconv.spatial._tile_plan import TilePlan, least_bytes, tile_plan

ROOT = Path(__file__).parents[1]


class Layer(NamedTuple):
    input_size: tuple[int, ...]
    kernel: tuple[int, ...]
    geometry: dict[str, Any]
    images: int = 1
    rows: int = 3  # of outputs that there is memory for, or a few more


LAYERS = {
    "k4 s2": Layer((64, 24), (4, 4, 2, 3), {"strides": 2, "padding": 1}),
    "1-D, groups, dilated": Layer((301,), (3, 2, 4), {"dilation": 3, "groups": 2, "padding": "SAME"}, 3),
    "reflect": Layer((13, 51), (5, 3, 2, 1), {"strides": (1, 2), "padding": "SAME", "padding_mode": "reflect"}, 2),
    "circular": Layer((40, 9), (3, 5, 1, 2), {"padding": "SAME", "padding_mode": "circular"}, 2),
    "s > k, cropped": Layer((60, 5), (2, 1, 3, 2), {"strides": (3, 2), "padding": ((-2, 1), (0, 0))}),
    "replicate, 3-D": Layer((7, 20, 6), (2, 3, 3, 2, 2), {"padding": 1, "padding_mode": "replicate"}),
    "many images": Layer((6, 7), (3, 3, 1, 2), {"padding": 1}, 12, rows=20),
}


def whole_numbers(layer: Layer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, kernel and y, small enough for every sum to be exact."""
    geometry = jtconv.ConvGeometry(layer.kernel[:-2], **layer.geometry)
    rng = np.random.default_rng(0)
    x = (layer.images, *layer.input_size, layer.kernel[-2] * geometry.groups)
    y = (layer.images, *geometry.output_size(layer.input_size), layer.kernel[-1])
    first, second, third = (rng.integers(-3, 4, shape).astype(np.float32) for shape in (x, layer.kernel, y))
    return first, second, third


def bound(layer: Layer, method: str = "auto") -> int:
    """Bytes for tiles of a few rows."""
    spec = jtconv.ConvGeometry(layer.kernel[:-2], **layer.geometry).at(layer.input_size)
    return layer.rows * least_bytes(spec, layer.kernel, 4, method)


def compiled(f: Any, *arrays: np.ndarray, memory: int) -> Any:
    """`f(*arrays)`, once its temporary memory is known to be within the bound."""
    program = jax.jit(f).lower(*arrays).compile()
    plan = program.memory_analysis()
    assert plan is not None
    assert plan.temp_size_in_bytes <= memory
    return program(*arrays)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_tiles_give_the_numbers_of_the_whole(layer):
    x, kernel, y = whole_numbers(layer)
    memory = bound(layer)

    def forward(package: Any, **more: Any) -> Any:
        return lambda x, kernel: package.conv(x, kernel, **layer.geometry, **more)

    def tiled(x: Any, kernel: Any) -> Any:
        return spatial.tiled_conv(x, kernel, memory=memory, **layer.geometry)

    def all_of(conv: Any) -> Any:
        def program(x: Any, kernel: Any, y: Any) -> Any:
            result, transpose = jax.vjp(conv, x, kernel)
            return [result, *transpose(y)]

        return program

    expected = run_once(all_of(forward(jtconv)), x, kernel, y)
    # Three maps in one program, one after the other or at a time.
    for got, whole in zip(compiled(all_of(tiled), x, kernel, y, memory=3 * memory), expected, strict=True):
        np.testing.assert_array_equal(got, whole)


@pytest.mark.parametrize("method", jtconv.METHODS)
@pytest.mark.parametrize("name", ["k4 s2", "reflect"])
def test_every_method_in_tiles(name, method):
    layer = LAYERS[name]
    _, kernel, y = whole_numbers(layer)
    memory = bound(layer, method)

    def tiled(y: Any, kernel: Any) -> Any:
        return spatial.tiled_conv_transpose(
            y, kernel, memory=memory, method=method, output_size=layer.input_size, **layer.geometry
        )

    expected = jtconv.conv_transpose(y, kernel, output_size=layer.input_size, **layer.geometry)
    np.testing.assert_array_equal(compiled(tiled, y, kernel, memory=memory), expected)


def test_derivatives_of_any_order_and_vmap():
    layer = LAYERS["k4 s2"]
    _, kernel, y = whole_numbers(layer)
    memory = bound(layer)

    def compare(f: Any) -> None:
        whole = f(lambda y, w: jtconv.conv_transpose(y, w, **layer.geometry))
        tiles = f(lambda y, w: spatial.tiled_conv_transpose(y, w, memory=memory, **layer.geometry))
        jax.tree.map(np.testing.assert_array_equal, tiles, whole)

    compare(lambda f: f(y[0], kernel))
    compare(lambda f: jax.jvp(f, (y, kernel), (y + 1, kernel - 1)))
    compare(lambda f: jax.grad(lambda w: jnp.sum(jax.grad(lambda y: jnp.sum(f(y, w) ** 2))(y) * y))(kernel))
    compare(lambda f: jax.vmap(f)(np.stack([y, y + 1]), np.stack([kernel, kernel - 1])))
    assert compare(lambda f: jax.vmap(f, (0, None))(np.zeros((0, *y.shape), y.dtype), kernel)) is None


def test_half_precision_and_complex_numbers():
    layer = LAYERS["reflect"]
    x, kernel, _ = whole_numbers(layer)
    for dtype in (jnp.bfloat16, jnp.complex64):
        arrays = jnp.asarray(x, dtype), jnp.asarray(kernel, dtype)
        got = spatial.tiled_conv(*arrays, memory=3 * bound(layer), **layer.geometry)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, jtconv.conv(*arrays, **layer.geometry))


def test_bfloat16_images_are_taken_along_as_they_are():
    """XLA for the CPU computes in float32, and took whole images along in it; now there is one copy of each."""
    x, kernel = jax.ShapeDtypeStruct((1, 160, 90, 3), jnp.bfloat16), jax.ShapeDtypeStruct((3, 3, 3, 4), jnp.bfloat16)
    y = jax.ShapeDtypeStruct((1, 160, 90, 4), jnp.bfloat16)
    memory, image = 400_000, 2 * x.size

    def convolved(x: Any, kernel: Any) -> Any:
        return spatial.tiled_conv(x, kernel, memory=memory, padding=1)

    def planned(f: Any, *arrays: Any) -> int:
        plan = jax.jit(f).lower(*arrays).compile().memory_analysis()
        assert plan is not None
        return plan.temp_size_in_bytes

    assert planned(convolved, x, kernel) <= memory + image
    assert planned(lambda x, w, ct: jax.vjp(convolved, x, w)[1](ct), x, kernel, y) <= memory + image + 2 * y.size


@given(geometries(2), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=settings().max_examples // 5)
def test_plan(layer, images, times):
    size, arguments = layer
    spec = jtconv.ConvGeometry(**arguments).at(size)
    kernel = (*spec.kernel_size, 2, 3 * spec.groups)
    least = least_bytes(spec, kernel, 4, "auto")
    plan = tile_plan(spec, kernel, images, 4, "auto", times * least)
    assert images % plan.images == 0
    assert plan.images == 1 or plan.rows == spec.output_size[plan.axis]
    assert tile_plan(spec, kernel, images, 4, "auto", 10**9).count == 1
    assert tile_plan(spec, kernel, images, 4, "auto", least).rows >= 1
    check_rows(plan)


def check_rows(plan: TilePlan) -> None:
    """Every row of the output is new once, and every window has what its rows of the output read."""
    axis, spec = plan.axis, plan.spec
    tiles = np.arange(plan.count)
    rows = plan.first_row(tiles)[:, None] + np.arange(plan.rows)
    np.testing.assert_array_equal(np.sort(rows[plan.new_rows(tiles)]), np.arange(spec.output_size[axis]))
    line = padded_sources(spec.input_size[axis], spec.pads[axis], spec.padding_mode)
    s, reach = spec.strides[axis], spec.effective_kernel_size[axis]
    for tile, first, window in zip(rows, plan.first_run_row(tiles), plan.window_rows(tiles), strict=True):
        assert 0 <= first <= spec.input_size[axis] - plan.run
        read = [*range(first, first + plan.run), *range(plan.wrapped), -1]
        np.testing.assert_array_equal(np.array(read)[window], line[s * tile[0] : s * tile[-1] + reach])


def test_the_bound_decides_the_tiles():
    spec = jtconv.ConvGeometry((3, 3), padding=1).at((16, 1000))
    least = least_bytes(spec, (3, 3, 8, 8), 4, "auto")
    few = tile_plan(spec, (3, 3, 8, 8), 1, 4, "auto", 3 * least)
    many = tile_plan(spec, (3, 3, 8, 8), 1, 4, "auto", 30 * least)
    assert few.axis == 1  # the longest
    assert 1 < few.rows < many.rows < 1000


PEAK = """
import resource, sys
import jax.numpy as jnp
from jtconv import spatial

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

arrays, geometry = (jnp.ones((1, 1500, 1500, 1)), jnp.ones((8, 8, 1, 1))), {"strides": 2, "padding": 3}
spatial.tiled_conv_transpose(arrays[0][:, :50], arrays[1], method="lax", memory=2**24, **geometry).block_until_ready()
before = peak()
result = spatial.tiled_conv_transpose(*arrays, method="lax", memory=2**26, **geometry).block_until_ready()
print(peak() - before - result.nbytes)
"""


def test_the_bound_holds_for_a_process():
    """Programs take memory that XLA does not plan for: Eigen's columns, where a convolution has strides."""
    taken = int(subprocess.check_output([sys.executable, "-c", PEAK], cwd=ROOT, text=True))
    assert taken < 2**26


def test_small_images_go_several_at_a_time():
    layer = LAYERS["many images"]
    spec = jtconv.ConvGeometry(layer.kernel[:-2], **layer.geometry).at(layer.input_size)
    plan = tile_plan(spec, layer.kernel, layer.images, 4, "auto", bound(layer))
    assert (1 < plan.images < layer.images, plan.rows, plan.count) == (True, 7, 1)


def test_no_images():
    x, kernel = np.ones((0, 8, 9, 2), np.float32), np.ones((3, 3, 2, 4), np.float32)
    y = spatial.tiled_conv(x, kernel, memory=10**7)
    assert y.shape == (0, 6, 7, 4)
    memory: Any = np.array(10**7)
    assert spatial.tiled_conv_transpose(y, kernel, memory=memory).shape == x.shape
    gradient = jax.grad(lambda kernel: spatial.tiled_conv(x, kernel, memory=10**7).sum())(kernel)
    assert not gradient.any()


def test_wrong_arguments():
    y, kernel = np.ones((16, 16, 3), np.float32), np.ones((4, 4, 2, 3), np.float32)
    with pytest.raises(ValueError, match=r"`memory` must be at least \d+ bytes for this layer with method='lax'") as e:
        spatial.tiled_conv_transpose(y, kernel, memory=1000, method="lax")
    least = int(str(e.value).split("at least ")[1].split()[0])
    spatial.tiled_conv_transpose(y, kernel, memory=least, method="lax")
    with pytest.raises(ValueError, match="`memory` must be at least"):
        spatial.tiled_conv_transpose(y, kernel, memory=least - 1, method="lax")
    with pytest.raises(TypeError, match="`memory` must be an int, got 1000000000.0"):
        spatial.tiled_conv(y, kernel.swapaxes(2, 3), memory=1e9)  # pyright: ignore[reportArgumentType] (refused, which is tested)
    with pytest.raises(ValueError, match="`kernel` must have a spatial axis"):
        spatial.tiled_conv(np.ones((4, 3)), np.ones((3, 2)), memory=10**9)
    with pytest.raises(ValueError, match="`method` must be one of"):
        spatial.tiled_conv_transpose(y, kernel, memory=10**9, method="fft")
