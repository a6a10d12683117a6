"""C, Cᵀ and the kernel's gradient as one family under differentiation, vmap and lowering."""

from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_within_rounding, cases, make_case, run_once, terms

from jtconv import ConvGeometry, conv, conv_transpose
from jtconv._arrays import tiles
from jtconv._compute import cpu
from jtconv._compute.lax import lax_conv
from jtconv._compute.merged_groups import merge_groups
from jtconv._primitives.dispatch import implementations
from jtconv._primitives.family import forward, kernel_gradient, transposed

GEOMETRY = {"strides": (2, 1), "padding": ((1, 0), (0, 2)), "groups": 3}
SIZED = ConvGeometry((3, 2), **GEOMETRY).at((8, 5))


def operands(seed=0):
    case = make_case((8, 5), (3, 2, 2, 12), seed=seed, **GEOMETRY)
    return {"x": case.x, "kernel": case.kernel, "y": case.y}


def in_terms_of(name) -> Any:
    """Each of the three, and the names of its operands."""
    return {
        "forward": (partial(forward, spec=SIZED, precision=None), "x", "kernel"),
        "transposed": (partial(transposed, spec=SIZED, precision=None), "y", "kernel"),
        "kernel_gradient": (partial(kernel_gradient, spec=SIZED, precision=None), "x", "y"),
    }[name]


@pytest.mark.parametrize("name", ["forward", "transposed", "kernel_gradient"])
@pytest.mark.parametrize("batched", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("axis", [0, 2, -1])
def test_vmap_is_one_call_each(name, batched, axis):
    f, *names = in_terms_of(name)
    three = [[operands(seed)[n] for n in names] for seed in range(3)]
    stacked = [
        np.stack([each[i] for each in three], axis) if is_batched else three[0][i]
        for i, is_batched in enumerate(batched)
    ]
    got = jax.vmap(f, in_axes=tuple(axis if b else None for b in batched))(*stacked)
    for n, result in enumerate(got):
        arguments = [three[n if b else 0][i] for i, b in enumerate(batched)]
        expected, size = f(*arguments), f(*map(abs, arguments))
        assert_within_rounding(result, expected, size, 2 * 8 * 5 * 12)


def test_vmap_of_vmap_and_of_gradients():
    x, kernels, y = operands()["x"], [operands(s)["kernel"] for s in range(3)], operands()["y"]
    many = np.stack([np.stack(kernels), np.stack(kernels[::-1])])
    f = partial(conv, **GEOMETRY)
    got = jax.vmap(jax.vmap(lambda w: jax.vjp(f, x, w)[1](y)))(many)
    for (i, j), leaf in product(np.ndindex(2, 3), (0, 1)):
        expected = jax.vjp(f, x, many[i, j])[1](y)[leaf]
        size = jax.vjp(f, abs(x), abs(many[i, j]))[1](abs(y))[leaf]
        assert_within_rounding(got[leaf][i, j], expected, size, 2 * 8 * 5 * 12)


@pytest.mark.parametrize("f", [conv, conv_transpose])
def test_no_derivative_leaves_the_family(f):
    """Up to the third order, nothing is JAX's derivative of some way of computing it."""
    arrays = operands()
    image, arguments = (arrays["x"], {}) if f is conv else (arrays["y"], {"output_size": (8, 5)})

    def loss(image, kernel):
        return jnp.sum(f(image, kernel, **GEOMETRY, **arguments) ** 3)

    third = jax.jacfwd(jax.grad(lambda *a: jnp.sum(jax.grad(loss)(*a) ** 2), (0, 1)), 1)
    program = str(jax.make_jaxpr(third)(image, arrays["kernel"]))
    for name in ("jtconv_forward", "jtconv_transposed", "jtconv_kernel_gradient"):
        assert name in program
    assert "conv_general_dilated" not in program


def test_linear_transpose():
    arrays = operands()
    f = partial(conv, kernel=arrays["kernel"], **GEOMETRY)
    (x,) = jax.linear_transpose(f, jax.ShapeDtypeStruct(arrays["x"].shape, np.float64))(arrays["y"])
    expected = conv_transpose(arrays["y"], arrays["kernel"], output_size=(8, 5), **GEOMETRY)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("platform", ["cpu", "cuda", "rocm", "tpu", "METAL"])
def test_lowers_for_every_platform(platform):
    """What is chosen depends on the platform that a program is lowered for, not on this machine's."""
    arrays = operands()

    def f(y, kernel):
        x, pullback = jax.vjp(partial(conv_transpose, strides=(2, 1), groups=3), y, kernel)
        return pullback(x)

    text = jax.jit(f).trace(arrays["y"], arrays["kernel"]).lower(lowering_platforms=(platform,)).as_text()
    assert ("stablehlo.convolution" in text) or platform == "cpu"


def test_exported_for_several_platforms():
    arrays = operands()
    f = jax.jit(partial(conv_transpose, strides=(2, 1), groups=3))
    exported = jax.export.export(f, platforms=["cpu", "cuda", "tpu"])(arrays["y"], arrays["kernel"])
    got, expected = exported.call(arrays["y"], arrays["kernel"]), f(arrays["y"], arrays["kernel"])
    assert_within_rounding(got, expected, f(abs(arrays["y"]), abs(arrays["kernel"])), 2 * terms(arrays["kernel"], 3))


def applicable(name, spec, in_ch, out_ch):
    """Whether an implementation computes such a layer at all; blocks know neither groups nor dilation."""
    if name == "cpu_kernels":
        return cpu.available()
    if name == "space_to_depth":
        return spec.groups == 1 and max(spec.dilation) == 1
    if name == "single_window":  # tests/test_accelerators.py has such layers
        return False
    return name != "depthwise" or spec.groups == in_ch == out_ch


@pytest.mark.parametrize("tile_bytes", [tiles.MAX_TILE_BYTES, 200])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_implementation_is_lax(ndim, tile_bytes):
    """C and the kernel's gradient by each implementation, in one tile and in many, against lax and JAX."""
    met = set()

    @settings(max_examples=30)
    @given(cases(ndim), st.sampled_from(["as it is", "blocks", "depthwise"]))
    def check(case, made_for):
        geometry = {**case.geometry}
        kernel = case.kernel
        if made_for == "blocks":
            geometry |= {"dilation": 1, "groups": 1}
        if made_for == "depthwise":
            geometry["groups"] = kernel.shape[-1]
            kernel = kernel[..., :1, :]
        case = make_case(case.input_size, kernel.shape, **geometry)
        spec = ConvGeometry(kernel.shape[:-2], **geometry).at(case.input_size)
        in_ch, out_ch = case.x.shape[-1], case.y.shape[-1]

        def compute(x, kernel, y):
            expected, pullback = jax.vjp(lambda w: lax_conv(x, w, spec, None), kernel)
            given = {"forward": (x, kernel), "kernel_gradient": (x, y)}
            results = {
                (map_, one.name): one.run(*given[map_], spec, None)
                for map_ in given
                for one in implementations(map_)
                if applicable(one.name, spec, in_ch, out_ch)
            }
            return results, {"forward": expected, "kernel_gradient": pullback(y)[0]}

        results, expected = run_once(compute, case.x, case.kernel, case.y)
        _, sizes = run_once(compute, abs(case.x), abs(case.kernel), abs(case.y))
        counts = {"forward": terms(case.kernel, 1), "kernel_gradient": case.y.size}
        for (map_, name), result in results.items():
            assert_within_rounding(result, expected[map_], sizes[map_], counts[map_])
            met.add(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "MAX_TILE_BYTES", tile_bytes)
        check()
    assert met == {
        "space_to_depth",
        "depthwise",
        "pieces",
        "lax",
        "subpixel",
        *(["cpu_kernels"] if cpu.available() else []),
    }


def test_tiles_are_small_and_cover_everything():
    found = tiles.tiling(4, 1000, 64 * 9 * 64 * 4)
    assert found.images == 1
    assert found.rows * 64 * 9 * 64 * 4 <= 2**22
    assert 1000 <= found.all_rows < 1000 + found.rows
    assert tiles.tiling(48, 8, 7 * 9 * 64 * 4) == tiles.Tiling(24, 8, (2, 1))
    assert tiles.tiling(6, 1000, 4 * 1000) == tiles.Tiling(1, 1000, (6, 1))


@pytest.mark.parametrize("together", [1, 2, 3, 6])
def test_merged_groups_are_the_same_layer(together):
    case = make_case((7, 6), (3, 2, 2, 18), strides=2, groups=6)
    kernel = merge_groups(jnp.asarray(case.kernel), 6, together)
    got = conv(case.x, kernel, strides=2, groups=6 // together)
    expected, size = (conv(x, w, strides=2, groups=6) for x, w in ((case.x, case.kernel), map(abs, case[:2])))
    assert_within_rounding(got, expected, size, terms(kernel, 1))


def test_disabled_jit():
    arrays = operands()
    expected = conv(arrays["x"], arrays["kernel"], **GEOMETRY)
    with jax.disable_jit():
        np.testing.assert_array_equal(conv(arrays["x"], arrays["kernel"], **GEOMETRY), expected)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
@pytest.mark.parametrize("name", ["forward", "transposed", "kernel_gradient"])
def test_vmap_over_nothing(name, axes):
    f, *names = in_terms_of(name)
    given = [operands()[n] for n in names]
    none = [g if axis is None else np.zeros((0, *g.shape)) for g, axis in zip(given, axes, strict=True)]
    assert jax.vmap(f, in_axes=axes)(*none).shape == (0, *f(*given).shape)


def test_what_is_not_finite_stays_in_its_example():
    """vmap over kernels makes groups of the examples, and groups may be merged within an example only."""
    case = make_case((6, 7), (3, 3, 3, 4), strides=2, groups=2)
    ys, kernels = np.stack([np.full_like(case.y, np.nan), case.y]), np.stack([case.kernel, case.kernel])
    x = jax.vmap(partial(conv_transpose, strides=2, groups=2))(ys, kernels)
    assert np.isnan(x[0]).any()
    assert np.isfinite(x[1]).all()


def test_an_infinite_value_meets_no_zero_that_is_not_there():
    case = make_case((11, 11), (3, 3, 1, 3), strides=2, groups=3)
    y = case.y.copy()
    y[0, 2, 2, 1] = np.inf
    auto, lax = (conv_transpose(y, abs(case.kernel), strides=2, groups=3, method=m) for m in ("auto", "lax"))
    np.testing.assert_array_equal(np.isinf(auto), np.isinf(lax))
    assert not np.isnan(auto).any()


def test_batch_left_open_in_an_export():
    (batch,) = jax.export.symbolic_shape("b")
    y = jax.ShapeDtypeStruct((batch, 4, 5, 6), np.float64)
    case = make_case((9, 11), (3, 3, 2, 6), batch=(3,), strides=2)

    def gradient(y, kernel):
        return jax.grad(lambda w: jnp.sum(conv_transpose(y, w, strides=2) ** 2))(kernel)

    for f in (partial(conv_transpose, strides=2), gradient):
        exported = jax.export.export(jax.jit(f))(y, jax.typeof(jnp.asarray(case.kernel)))
        expected = f(case.y, case.kernel)
        np.testing.assert_allclose(exported.call(case.y, case.kernel), expected, rtol=1e-12, atol=1e-12)


def test_batch_on_an_explicit_mesh_is_named_in_the_types():
    mesh = jax.make_mesh((1,), ("b",), axis_types=(jax.sharding.AxisType.Explicit,))
    arrays = operands()
    with jax.set_mesh(mesh):
        x = jax.device_put(arrays["x"], jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("b")))

        def types(x, kernel):
            y = forward(x, kernel, SIZED, None)
            return jax.typeof(y), jax.typeof(kernel_gradient(x, y, SIZED, None))

        found = []
        jax.make_jaxpr(lambda *a: found.extend(types(*a)))(x, jnp.asarray(arrays["kernel"]))
    assert found[0].sharding.spec[0] == "b"
    assert set(found[1].sharding.spec) == {None}
