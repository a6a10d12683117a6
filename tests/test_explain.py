"""`explain`: its numbers against counting, the even neighbour, its text."""

import functools
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import geometries, loop_conv_transpose, share

from jtconv import ConvGeometry, explain
from jtconv._geometry.overlap import is_even, nearest_even

# The three layers of the article's decoder.
DECODER = [
    ((7, 7), 4, 2, 4096, (16, 16), 786_432),
    ((14, 14), 4, 2, 12, (30, 30), 2_304),
    ((28, 28), 8, 8, 12, (224, 224), 9_216),
]


@pytest.mark.parametrize(("size", "k", "s", "in_ch", "result", "parameters"), DECODER)
def test_decoder_of_the_article(size, k, s, in_ch, result, parameters):
    layer = explain(size, k, strides=s, in_ch=in_ch, out_ch=12, use_bias=False)
    assert layer.transposed_size == result
    assert layer.costs is not None
    assert layer.costs.parameters == parameters
    assert layer.costs.multiply_adds == math.prod(size) * parameters  # nothing is cropped
    assert layer.costs.with_zeros == math.prod(result) * parameters
    assert layer.is_even == (True, True)
    assert layer.even_layer is None
    expected = f"keras.layers.Conv2DTranspose(12, {k}, strides={s}, use_bias=False)"
    assert layer.equivalents["keras"].call == expected
    assert f"{parameters:,}" in str(layer)


def test_examples_of_the_articles():
    assert explain(4, 3, strides=4, output_padding=1).transposed_size == (16,)
    touching = explain(4, 4, strides=4)
    assert touching.transposed_size == (16,)
    assert set(touching.overlap[0]) == {1}  # k = s: the blocks touch, nothing overlaps
    overlapping = explain(4, 6, strides=4, padding=1)
    assert overlapping.transposed_size == (16,)
    assert set(overlapping.overlap[0]) == {1, 2}
    assert [explain((2, 2), k, strides=s).transposed_size for k, s in ((2, 1), (3, 1), (3, 2))] == [
        (3, 3),
        (4, 4),
        (5, 5),
    ]


@settings(max_examples=share(0.2))
@given(st.integers(1, 2).flatmap(geometries), st.integers(1, 3), st.integers(1, 3))
def test_counts_are_those_of_a_loop(drawn, in_per, out_per):
    """A y and a kernel of ones count contributions; an indicator of one position finds what it reaches."""
    x_size, arguments = drawn
    kernel_size, groups = arguments.pop("kernel_size"), arguments["groups"]
    geometry = ConvGeometry(kernel_size, **arguments)
    y_size = geometry.output_size(x_size)
    layer = explain(
        y_size,
        kernel_size,
        **arguments,
        output_padding=geometry.output_padding_for(x_size),
        in_ch=in_per * groups,
        out_ch=out_per * groups,
    )
    alone = {**arguments, "groups": 1}
    counts = loop_conv_transpose(np.ones((*y_size, 1)), np.ones((*kernel_size, 1, 1)), x_size, **alone)[..., 0]
    np.testing.assert_array_equal(functools.reduce(np.multiply.outer, map(np.array, layer.overlap)), counts)
    taps_on_channels = groups * in_per * out_per
    assert layer.costs is not None
    assert layer.costs.multiply_adds == counts.sum() * taps_on_channels
    assert layer.costs.parameters == math.prod(kernel_size) * taps_on_channels + out_per * groups
    reached = [
        loop_conv_transpose(one.reshape(*y_size, 1), np.ones((*kernel_size, 1, 1)), x_size, **alone) > 0
        for one in np.eye(math.prod(y_size))
    ]
    assert math.prod(layer.receptive_field) == np.sum(reached, axis=0).max()


@given(st.integers(1, 3).flatmap(geometries))
def test_nearest_even_layer_is_even_and_of_the_same_size(drawn):
    x_size, arguments = drawn
    geometry = ConvGeometry(**arguments)
    y_size = geometry.output_size(x_size)
    try:
        even = nearest_even(geometry, x_size)
    except ValueError:
        assert geometry.padding_mode == "reflect"
        assert 1 in x_size
        return
    assert even.geometry.transpose_output_size(y_size, output_padding=even.output_padding) == x_size
    assert even.geometry.strides == geometry.strides
    for axis in range(geometry.ndim):
        before, after = geometry.kernel_size[axis], even.geometry.kernel_size[axis]
        assert before <= after < before + geometry.strides[axis]
        assert is_even(even.geometry, axis)
        inside = counts_inside(even.geometry, axis)
        assert len(set(inside)) == 1
        if is_even(geometry, axis):
            assert len(set(counts_inside(geometry, axis))) == 1
            assert (after, even.geometry.dilation[axis]) == (before, geometry.dilation[axis])
        else:
            assert len(set(counts_inside(geometry, axis))) > 1


def counts_inside(geometry, axis):
    """Contributions counted where no border is near: of a y of many positions, in the middle."""
    s, reach = geometry.strides[axis], geometry.effective_kernel_size[axis]
    many = 3 * reach + 1
    full = np.zeros(s * (many - 1) + reach, int)
    for o, t in itertools.product(range(many), range(geometry.kernel_size[axis])):
        full[s * o + geometry.dilation[axis] * t] += 1
    return full[reach : reach + s].tolist()


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (
            {"kernel_size": 3, "strides": 2, "padding": 1, "output_padding": 1},
            "kernel_size 4 instead of 3, output_padding 0 instead of 1, 4 taps instead of 3",
        ),
        ({"kernel_size": 3, "strides": 2, "padding": "SAME"}, "kernel_size 4 instead of 3, 4 taps instead of 3"),
        (
            {"kernel_size": 5, "strides": 3},
            "kernel_size 6 instead of 5, padding (0, 1) instead of (0, 0), 6 taps instead of 5",
        ),
        (
            {"kernel_size": 3, "strides": 2, "dilation": 2},
            "kernel_size 4 instead of 3, dilation 1 instead of 2, output_padding 1 instead of 0, 4 taps instead of 3",
        ),
    ],
)
def test_changes_to_the_even_layer_are_told(arguments, changes):
    assert f"to the same size: {changes}." in str(explain(7, **arguments))


def test_json_holds_everything():
    layer = explain((7, 9), 3, strides=2, padding="SAME", groups=2, in_ch=4, out_ch=6)
    told = json.loads(layer.to_json())
    assert told["transposed_size"] == [14, 18]
    assert told["geometry"]["padding"] == "SAME"
    assert told["overlap"] == [list(counts) for counts in layer.overlap]
    assert told["is_even"] == [False, False]
    assert told["even_layer"]["geometry"]["kernel_size"] == [4, 4]
    assert told["costs"]["parameters"] == 3 * 3 * 4 * 6 // 2 + 6
    assert told["equivalents"]["keras"]["reason"] == "keras has no groups"
    equinox = told["equivalents"]["equinox"]
    assert equinox["call"].startswith("eqx.nn.ConvTranspose2d(4, 6, 3, stride=2")
    assert equinox["kernel_shape"] == [6, 2, 3, 3]
    assert equinox["kernel_reversed"]


def test_large_strides_on_many_axes_are_counted_once():
    text = str(explain((2,) * 4, 65, strides=64))
    assert "together 1, 2, 4, 8 or 16 away from the borders" in text


def test_explain_says_which_way_causal_looks():
    text = str(explain(8, 4, strides=2, padding="CAUSAL", dilation=2))
    assert "so Cᵀ is not: position n of the input reaches the result from s·n - d(k - 1) on" in text
    assert 'A causal decoder has padding "ANTICAUSAL", here the same as ((0, 5),).' in text
    assert "It is causal" in str(explain((8, 3), 4, strides=2, padding="ANTICAUSAL"))
    assert "causal" not in str(explain(8, 4, strides=2))
