"""What "auto" computes for a TPU: exact wherever it runs, and chosen by its rules."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import Case, assert_within_rounding, cases, make_case, run_once, terms

from jtconv import ConvGeometry
from jtconv._compute import subpixel
from jtconv._compute.implementation import TPU, Request
from jtconv._compute.merged_groups import groups_together
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives.dispatch import REGISTRY, choose, compute
from jtconv.bench._layers import SUITE

EXAMPLES = 12


def spec_of(case: Case) -> ConvSpec:
    return ConvGeometry(case.kernel.shape[:-2], **case.geometry).at(case.input_size)


def request_for(computes: str, spec: ConvSpec, *operands) -> Request:
    return Request(spec, (operands[0].shape, operands[1].shape), TPU)


def three_maps(case: Case) -> dict:
    """Each map's operands, in batches of images."""
    x, y = (a.reshape(-1, *a.shape[-1 - case.kernel.ndim + 2 :]) for a in (case.x, case.y))
    return {"transposed": (y, case.kernel), "forward": (x, case.kernel), "kernel_gradient": (x, y)}


def by_jax(computes: str, spec: ConvSpec, a, b):
    """The map as JAX derives it from lax's convolution."""
    if computes == "transposed":
        return REGISTRY[computes, "vjp"].run(a, b, spec, None)
    return REGISTRY[computes, "lax"].run(a, b, spec, None)


def assert_exact(run, computes: str, spec: ConvSpec, a, b):
    """`run` gives the same as JAX to rounding."""
    got, expected = run_once(lambda a, b: (run(a, b), by_jax(computes, spec, a, b)), a, b)
    size = run_once(lambda a, b: by_jax(computes, spec, a, b), abs(a), abs(b))
    assert_within_rounding(got, expected, size, terms(b, 1) if computes != "kernel_gradient" else b.size)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_sub_pixel_is_exact_with_any_axes_folded(ndim):
    @settings(max_examples=EXAMPLES)
    @given(cases(ndim), st.data())
    def check(case, data):
        spec = spec_of(case)
        able = [a for a in range(ndim) if spec.strides[a] > 1 and spec.dilation[a] == 1]
        assume(able)
        axes = data.draw(st.sampled_from([c for n in range(1, len(able) + 1) for c in combinations(able, n)]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subpixel, "folded_axes", lambda *_: axes)
            for computes, (a, b) in three_maps(case).items():
                run = REGISTRY[computes, "subpixel"].run
                assert_exact(lambda a, b, run=run: run(a, b, spec, None), computes, spec, a, b)

    check()


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_auto_is_exact(ndim):
    @settings(max_examples=EXAMPLES)
    @given(cases(ndim))
    def check(case):
        spec = spec_of(case)
        for computes, (a, b) in three_maps(case).items():
            request = request_for(computes, spec, a, b)
            assert_exact(lambda a, b, r=request, c=computes: compute(c, r, a, b, None), computes, spec, a, b)

    check()


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_depthwise_by_phases_is_exact(ndim):
    @settings(max_examples=EXAMPLES)
    @given(cases(ndim))
    def check(case):
        kernel = case.kernel[..., :1, :]
        case = make_case(case.input_size, kernel.shape, **{**case.geometry, "groups": kernel.shape[-1]})
        spec, run = spec_of(case), REGISTRY["transposed", "depthwise_phases"].run
        y, kernel = three_maps(case)["transposed"]
        assert_exact(lambda a, b: run(a, b, spec, None), "transposed", spec, y, kernel)

    check()


LAYERS = {
    "the last axis": ((9, 13), (4, 4, 8, 5), {"strides": 2, "padding": 1}),
    "channels apart": ((9, 13), (5, 4, 20, 5), {"strides": (2, 4), "padding": 1}),
    "every axis": ((9, 13), (3, 5, 1, 5), {"strides": (2, 3), "padding": 2}),
    "all but the last": ((5, 6, 7), (3, 2, 3, 4, 5), {"strides": 2, "padding": "SAME"}),
    "groups merged": ((9, 13), (4, 4, 2, 15), {"strides": 2, "groups": 5}),
    "depthwise": ((9, 13), (4, 3, 1, 7), {"strides": 2, "groups": 7}),
    "circular": ((8, 12), (4, 4, 3, 5), {"strides": 2, "padding": 1, "padding_mode": "circular"}),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_auto_under_vmap_and_derivatives(layer):
    size, shape, geometry = layer
    case = make_case(size, shape, batch=(3, 2), **geometry)
    spec = spec_of(case)
    request = request_for("transposed", spec, case.y[0], case.kernel)

    def derivatives(run):
        def loss(y, kernel):
            return (run(y, kernel) ** 2).sum()

        return jax.vmap(jax.value_and_grad(loss, argnums=(0, 1)), in_axes=(0, None))(case.y, case.kernel)

    got = run_once(lambda: derivatives(lambda y, kernel: compute("transposed", request, y, kernel, None)))
    expected = run_once(lambda: derivatives(lambda y, kernel: by_jax("transposed", spec, y, kernel)))
    jax.tree.map(lambda g, e: np.testing.assert_allclose(g, e, rtol=1e-10, atol=1e-9), got, expected)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_an_empty_batch(layer):
    size, shape, geometry = layer
    case = make_case(size, shape, batch=(1,), **geometry)
    spec = spec_of(case)
    for computes, (a, b) in three_maps(case).items():
        a, b = a[:0], b[:0] if computes == "kernel_gradient" else b
        result = compute(computes, request_for(computes, spec, a, b), jnp.asarray(a), jnp.asarray(b), None)
        assert result.shape == by_jax(computes, spec, a, b).shape


def test_half_precision_is_rounded_once():
    """Sums in bfloat16 are as near to the exact ones as lax's."""
    for size, shape, geometry in LAYERS.values():
        case = make_case(size, shape, batch=(2,), **geometry)
        spec = spec_of(case)
        y, kernel = case.y.astype("bfloat16"), case.kernel.astype("bfloat16")
        request = request_for("transposed", spec, y, kernel)
        got = run_once(lambda y, kernel, r=request: compute("transposed", r, y, kernel, None), y, kernel)
        exact = by_jax("transposed", spec, y.astype("float32"), kernel.astype("float32"))
        assert got.dtype == "bfloat16"
        size = by_jax("transposed", spec, abs(y).astype("float32"), abs(kernel).astype("float32"))
        assert (abs(np.asarray(got, "float32") - exact) <= 2.0**-8 * abs(exact) + 1e-5 * size).all()


def test_an_infinite_value_of_a_depthwise_layer_stays_where_it_belongs():
    case = make_case((12, 12), (4, 4, 1, 3), batch=(1,), strides=2, groups=3)
    case.y[0, 2, 2, 1] = np.inf
    spec = spec_of(case)
    request = request_for("transposed", spec, case.y, case.kernel)
    got = compute("transposed", request, jnp.asarray(case.y), jnp.asarray(abs(case.kernel)), None)
    assert not np.isnan(got).any()
    assert np.isinf(got).sum() == 16


@pytest.mark.parametrize(("in_ch", "out_ch", "together"), [(4, 4, 32), (1, 4, 32), (4, 16, 8), (1, 1, 1), (64, 128, 1)])
def test_groups_are_merged_up_to_the_matrix_unit(in_ch, out_ch, together):
    spec = ConvGeometry(3, strides=2, groups=32).at(11)
    x, kernel, y = (1, 11, 32 * in_ch), (3, in_ch, 32 * out_ch), (1, 5, 32 * out_ch)
    shapes = {"transposed": (y, kernel), "forward": (x, kernel), "kernel_gradient": (x, y)}
    assert {groups_together(c, Request(spec, s, TPU)) for c, s in shapes.items()} == {together}
    assert {groups_together(c, Request(spec, s, None)) for c, s in shapes.items()} == {1}


CHOSEN = {
    "transposed": {
        "overlap_add": ["FCN-8 up1", "EnCodec 1", "jax 23783"],
        "depthwise_phases": ["depthwise"],
        "single_window": ["DCGAN 1"],
        "subpixel": [
            *["FCN-32s", "FCN-16s", "FCN-8s", "FCN-8 up3", "DCGAN 5", "U-Net up4", "FSRCNN x4"],
            *["EnCodec 3", "EnCodec 4", "3-D U-Net", "3-D k3 s2", "jax 31662"],
        ],
    },
    "kernel_gradient": {
        "subpixel": [
            *["FCN-32s", "FCN-16s", "FCN-8s", "FCN-8 up3", "U-Net up4", "FSRCNN x4", "EnCodec 3", "EnCodec 4"],
            *["3-D U-Net", "3-D k3 s2", "jax 23783", "jax 31662"],
        ],
        "single_window": ["DCGAN 1"],
    },
}
CHOSEN["forward"] = {
    **CHOSEN["kernel_gradient"],
    "subpixel": [*CHOSEN["kernel_gradient"]["subpixel"], "ResNet decoder"],
}


@pytest.mark.parametrize("computes", CHOSEN)
def test_the_benchmark_s_layers_are_computed_as_their_schedules_show_to_be_quickest(computes):
    expected = {layer: name for name, layers in CHOSEN[computes].items() for layer in layers}
    for layer in SUITE:
        shapes = {
            "transposed": (layer.y_shape, layer.kernel_shape),
            "forward": (layer.x_shape, layer.kernel_shape),
            "kernel_gradient": (layer.x_shape, layer.y_shape),
        }
        request = Request(layer.spec, shapes[computes], TPU)
        together = groups_together(computes, request)
        if together == 1:
            assert choose(computes, request).name == expected.get(layer.name, "lax"), layer.name
        assert together == (32 if layer.name == "grouped 32" else 1)
