"""The registry of implementations: what "auto" chooses, and that one more is one entry."""

import math
import re
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jtconv import METHODS, ConvGeometry, conv_transpose
from jtconv._arrays.blocks import shift_counts
from jtconv._compute import polyphase
from jtconv._compute.implementation import ANYWHERE, CPU, GPUS, Implementation, Request
from jtconv._primitives.bilinear_primitive import bilinear_primitive
from jtconv._primitives.dispatch import REGISTRY, choose, compute, implementations, methods, platforms
from jtconv._primitives.family import transposed_shape
from jtconv.bench._layers import SUITE

# The rules as they were drawn from measurements, in plain conditions: an oracle for the costs.


def is_depthwise(kernel, groups):
    return kernel[-2] == 1 and kernel[-1] == groups


def few_pieces(spec):
    runs = zip(spec.kernel_size, spec.strides, spec.dilation, strict=True)
    return prod(-(-k // (s if d == 1 else 1)) for k, s, d in runs) <= 64


def is_thin(spec, in_ch, out_ch):
    uneven = any(k % s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    if spec.groups > 1 or max(spec.dilation, default=1) > 1 or uneven or spec.ndim == 0:
        return False
    return 8 * prod(shift_counts(spec)) * out_ch <= prod(spec.strides) * in_ch


def lists_zeros(spec, y, kernel):
    taps = prod(-(-k // s) for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    thin = y[0] * kernel[-2] * kernel[-1] <= taps / 16
    return taps > 2**17 or (taps > 2**10 and prod(spec.output_size) <= taps / 128 and thin)


def with_numbers(shape):
    """`shape` with the number of images that stands for an open one, and whether it is open."""
    return (shape, False) if isinstance(shape[0], int) else ((8, *shape[1:]), True)


def transposed_rule(spec, y, kernel, kernels):
    y, is_open = with_numbers(y)
    if kernels:
        return "lax" if is_open or lists_zeros(spec, y, kernel) else "cpu_kernels"
    few, in_ch = few_pieces(spec), kernel[-2] * spec.groups
    if is_depthwise(kernel, spec.groups):
        return "overlap_add" if few else "polyphase"
    columns = prod(y[:-1]) * prod(spec.kernel_size) * in_ch
    if in_ch == 1 and spec.ndim == 3 and few and columns <= 2**23 and not is_open:
        return "overlap_add"
    return "overlap_add" if columns < 0.9 * (prod(kernel) + y[0] * prod(spec.input_size) * in_ch) else "polyphase"


def forward_rule(spec, x, kernel, kernels):
    x, is_open = with_numbers(x)
    if kernels:
        return "lax" if is_open else "cpu_kernels" if prod(spec.kernel_size) <= 2**17 else "lax"
    if is_depthwise(kernel, spec.groups) and prod(spec.kernel_size) <= 64:
        return "depthwise"
    if is_open:
        return "lax"
    overlapping = any(k > s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    return "space_to_depth" if overlapping and is_thin(spec, x[-1], kernel[-1]) else "lax"


def gradient_rule(spec, x, y, kernels):
    if not isinstance(x[0], int):
        return "lax"
    if kernels:
        return "cpu_kernels" if prod(spec.kernel_size) <= 2**17 else "lax"
    if is_thin(spec, x[-1], y[-1]):
        return "space_to_depth"
    return "pieces" if few_pieces(spec) else "lax"


RULES = {"transposed": transposed_rule, "forward": forward_rule, "kernel_gradient": gradient_rule}


def shapes_of(spec, n, in_ch, out_ch):
    x, y = (n, *spec.input_size, in_ch), (n, *spec.output_size, out_ch)
    kernel = (*spec.kernel_size, in_ch // spec.groups, out_ch)
    return {"transposed": (y, kernel), "forward": (x, kernel), "kernel_gradient": (x, y)}


@st.composite
def layers(draw):
    ndim = draw(st.integers(0, 3))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 8]))
    channels = st.one_of(st.just(1), st.integers(1, 9), st.sampled_from([64, 512, 4096]))
    taps = st.one_of(st.integers(1, 9), st.sampled_from([16, 33, 64, 2048, 2**17 + 1]))
    k, s, d, o = (
        draw(st.tuples(*[values] * ndim))
        for values in (taps, st.sampled_from([1, 2, 3, 4, 8, 32]), st.sampled_from([1, 1, 2]), st.integers(1, 40))
    )
    geometry = ConvGeometry(k, strides=s, dilation=d, groups=groups)
    spec = geometry.at(geometry.transpose_output_size(o))
    n = draw(st.one_of(st.integers(0, 9), st.just("an open batch")))
    return spec, shapes_of(spec, n, draw(channels) * groups, draw(channels) * groups)


@given(layers(), st.booleans())
def test_on_a_cpu_auto_chooses_by_the_measured_rules(layer, kernels):
    spec, shapes = layer
    for computes, rule in RULES.items():
        chosen = choose(computes, Request(spec, shapes[computes], CPU, kernels)).name
        assert chosen == rule(spec, *shapes[computes], kernels), computes


@pytest.mark.parametrize("kernels", [True, False])
def test_the_benchmark_layers_are_chosen_by_the_measured_rules(kernels):
    for layer in SUITE:
        shapes = shapes_of(layer.spec, layer.x_shape[0], layer.x_shape[-1], layer.y_shape[-1])
        for computes, rule in RULES.items():
            request = Request(layer.spec, shapes[computes], CPU, kernels)
            assert choose(computes, request).name == rule(layer.spec, *shapes[computes], kernels)


def is_single_window(spec):
    undilated = max(spec.dilation, default=1) == 1
    return spec.ndim > 0 and prod(spec.output_size) == 1 and spec.groups == 1 and undilated


def gpu_rule(spec, y, kernel):
    """Of layers without a dilation that can be left out."""
    y, _ = with_numbers(y)
    depthwise = is_depthwise(kernel, spec.groups)
    if depthwise and few_pieces(spec):
        return "overlap_add"
    if is_single_window(spec):
        return "single_window"
    image = prod(k if o == 1 else o for k, o in zip(spec.kernel_size, spec.output_size, strict=True))
    exchanged = spec.ndim == 2 and prod(spec.kernel_size) > image
    zeros = max(spec.strides, default=1) > 1 and max(spec.dilation, default=1) > 1
    if spec.groups == 1 and not exchanged and not zeros:
        return "vjp"
    if depthwise:
        return "polyphase"
    in_ch = kernel[-2] * spec.groups
    columns = prod(y[:-1]) * prod(spec.kernel_size) * in_ch
    arrays = prod(y) + prod(kernel) + y[0] * prod(spec.input_size) * in_ch
    return "overlap_add" if 1 + columns / arrays / 4 < polyphase.growth(spec) else "polyphase"


@given(layers())
def test_on_a_gpu_auto_multiplies_by_no_inserted_zeros(layer):
    spec, shapes = layer
    assume(shapes["transposed"][0][0] != 0)
    for platform in GPUS:
        chosen = {computes: choose(computes, Request(spec, shapes[computes], platform)).name for computes in RULES}
        assert chosen.pop("transposed") == gpu_rule(spec, *shapes["transposed"])
        assert set(chosen.values()) == {"single_window" if is_single_window(spec) else "lax"}


@given(layers())
def test_on_unknown_platforms_auto_is_lax(layer):
    spec, shapes = layer
    assert {choose(computes, Request(spec, shapes[computes], None)).name for computes in RULES} == {"lax"}


def test_methods_are_the_registered_names():
    assert METHODS == methods() == ("auto", "matrix", "lax", "scatter", "vjp", "overlap_add", "polyphase")


@pytest.mark.parametrize("page", ["README.md", "docs/concepts/methods.md"])
def test_the_tables_of_methods_list_them_all(page):
    text = (Path(__file__).parents[1] / page).read_text()
    assert tuple(re.findall(r'^\| `"(\w+)"` \|', text, re.MULTILINE)) == METHODS


def test_names_are_unique_and_each_map_runs_everywhere():
    spec = ConvGeometry(1).at(1)
    request = Request(spec, ((1, 1, 1), (1, 1, 1)), CPU)
    assert all(key == (one.computes, one.name) for key, one in REGISTRY.items())
    assert {one.computes for one in REGISTRY.values()} == set(RULES)
    request = Request(SUITE[0].spec, ((1,), (1,)), None)
    for computes in RULES:
        assert any(one.platforms == ANYWHERE and math.isinf(one.cost(request)) for one in implementations(computes))


def test_a_new_implementation_is_one_entry(monkeypatch):
    """It is a method by its name, and what "auto" runs where it costs the least."""
    met = []

    def traced(y, kernel, spec, precision):
        met.append(spec.kernel_size)
        return REGISTRY["transposed", "scatter"].run(y, kernel, spec, precision)

    def odd(request):
        return request.spec.kernel_size == (5,)

    new = Implementation("new", "transposed", traced, (CPU,), odd, lambda _: -1)
    monkeypatch.setitem(REGISTRY, ("transposed", "new"), new)
    assert methods()[-1] == "new"
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 7, 4))
    jax.clear_caches()
    for taps in (5, 6):
        kernel = rng.standard_normal((taps, 3, 4))
        got, expected = (conv_transpose(y, kernel, strides=2, method=m) for m in ("auto", "vjp"))
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert met == [(5,)]
    monkeypatch.setitem(REGISTRY, ("transposed", "new"), replace(new, cost=lambda _: math.inf))
    jax.clear_caches()
    conv_transpose(y, rng.standard_normal((5, 3, 4)), strides=2)
    assert met == [(5,)]


def test_platforms_are_those_that_an_implementation_names(monkeypatch):
    assert set(GPUS) | set(ANYWHERE) <= set(platforms())
    assert "METAL" not in platforms()
    monkeypatch.setitem(REGISTRY, ("forward", "new"), replace(REGISTRY["forward", "lax"], platforms=("METAL",)))
    assert "METAL" in platforms()


def test_an_implementation_for_one_platform_is_one_entry(monkeypatch):
    """Programs for "rocm" take it, and what it does not support falls back; other platforms do not know of it."""

    def twice_negated(y, kernel, spec, precision):
        return -REGISTRY["transposed", "lax"].run(-y, kernel, spec, precision)

    def odd(request):
        return request.spec.kernel_size == (5,)

    new = Implementation("new", "transposed", twice_negated, ("rocm",), odd, lambda _: -2)
    monkeypatch.setitem(REGISTRY, ("transposed", "new"), new)
    assert "rocm" in platforms()
    primitive = bilinear_primitive("for_one_more_platform", "ywx", partial(compute, "transposed"), transposed_shape)

    def negations(taps, platform):
        spec = ConvGeometry(taps, strides=2).at(2 * 6 + taps)
        y, kernel = jax.ShapeDtypeStruct((2, 7, 4), "float32"), jax.ShapeDtypeStruct((taps, 3, 4), "float32")
        run = jax.jit(lambda y, kernel: primitive.bind(y, kernel, spec=spec, precision=None, method="auto"))
        return run.trace(y, kernel).lower(lowering_platforms=(platform,)).as_text().count("stablehlo.negate")

    assert [negations(5, platform) for platform in ("rocm", "cuda", "tpu", "cpu")] == [2, 0, 0, 0]
    assert negations(6, "rocm") == 0
    spec = ConvGeometry(5).at(9)
    for computes in RULES:
        shapes = shapes_of(spec, 2, 3, 4)[computes]
        assert choose(computes, Request(spec, shapes, "cuda")).name != "new"
