"""The calls that `explain` prints, pasted into each framework with our kernel, give our numbers.

All arrays hold small integers, so that every sum is exact in whatever order it is taken.
"""

from functools import partial

import numpy as np
import pytest
from comparison import Layer as Drawn
from comparison import layers
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import run_once
from pasted import PEERS

import jtconv
from jtconv import ConvGeometry
from jtconv._frameworks.layer import Layer
from jtconv._frameworks.registry import FRAMEWORKS, Equivalent, equivalents
from jtconv._geometry.spec import ConvSpec

some_examples = settings(max_examples=max(settings().max_examples // 20, 1))

ONE_GROUP = ("keras", "tf", "nnx", "linen", "lax", "haiku")
NO_DILATION = ("haiku", "keras")
CIRCULAR = ("nnx", "linen", "equinox", "jtconv")


def written(name: str, layer: Drawn, spec: ConvSpec, use_bias: bool) -> Equivalent | None:
    words = equivalents(Layer(spec, layer.y_ch, layer.x_ch, use_bias))[name]
    return words if words.call else None


def check(name: str, words: Equivalent | None, layer: Drawn, spec: ConvSpec, use_bias: bool) -> None:
    """Evaluate what is printed for the layer and compare the numbers, all of them."""
    assert words is not None
    assert words.call is not None
    kernel, y, bias = (
        layer.rng.integers(-4, 5, shape).astype(np.float64)
        for shape in (
            (*layer.kernel_size, layer.x_ch // layer.groups, layer.y_ch),
            (layer.batch, *layer.y_size, layer.y_ch),
            (layer.x_ch,),
        )
    )
    layout = FRAMEWORKS[name].layout
    stored = layout.from_ours(kernel, layer.groups)
    assert words.kernel_shape == stored.shape
    assert words.kernel_reversed == layout.reversed
    theirs = PEERS[name](words.call, stored, y, bias if use_bias else None)
    ours = partial(
        jtconv.conv_transpose,
        strides=spec.strides,
        padding=spec.pads,
        output_size=spec.input_size,
        dilation=spec.dilation,
        groups=spec.groups,
        padding_mode=spec.padding_mode,
    )
    expected = run_once(ours, y, kernel) + (bias if use_bias else 0)
    np.testing.assert_array_equal(theirs, expected, err_msg=words.call)


def drawn_for(name: str) -> st.SearchStrategy[Drawn]:
    return layers(
        symmetric=name == "torch",
        max_groups=1 if name in ONE_GROUP else 3,
        max_dilation=1 if name in NO_DILATION else 3,
    )


def paddings(name: str) -> st.SearchStrategy[str | None]:
    """A name, or None for the pairs that are drawn."""
    return st.sampled_from([None] if name == "torch" else ["SAME", "VALID", None])


@pytest.mark.parametrize("name", PEERS)
@some_examples
@given(data=st.data(), use_bias=st.booleans())
def test_printed_calls_give_our_numbers(name, data, use_bias):
    layer, padding = data.draw(drawn_for(name)), data.draw(paddings(name))
    geometry = ConvGeometry(
        layer.kernel_size,
        strides=layer.strides,
        padding=padding or layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    rest = [-a for a in layer.output_padding] if padding == "SAME" else layer.output_padding
    if padding is not None:
        rest = data.draw(st.sampled_from([None, rest]))
    spec = geometry.at(geometry.transpose_output_size(layer.y_size, output_padding=rest))
    words = written(name, layer, spec, use_bias)
    assume(words is not None)
    check(name, words, layer, spec, use_bias)


@pytest.mark.parametrize("name", CIRCULAR)
@some_examples
@given(data=st.data(), padding=st.sampled_from(["SAME", "SAME_LOWER"]))
def test_printed_calls_with_circular_padding(name, data, padding):
    layer = data.draw(drawn_for(name))
    geometry = ConvGeometry(
        layer.kernel_size,
        strides=layer.strides,
        padding=padding,
        dilation=layer.dilation,
        groups=layer.groups,
        padding_mode="circular",
    )
    spec = geometry.at(geometry.transpose_output_size(layer.y_size))
    words = written(name, layer, spec, use_bias=False)
    assume(words is not None)
    check(name, words, layer, spec, use_bias=False)


@pytest.mark.parametrize(
    ("name", "call", "y_size", "kernel_size", "told"),
    [
        ("keras", "Conv2DTranspose(2, (4, 3), (3, 2), 'valid', (1, 0))", (3, 5), (4, 3), "output_padding=(1, 0)"),
        ("keras", "Conv2DTranspose(2, (4, 3), (3, 2), 'same', (0, 1))", (3, 5), (4, 3), "output_padding=(0, 1)"),
        ("keras", "Conv1DTranspose(2, 5, 3, 'same', 1)", (4,), (5,), "output_padding=1"),
        ("torch", "ConvTranspose1d(3, 2, 2, 2, 1, 2, dilation=3)", (3,), (2,), "output_padding=2"),
        ("torch", "ConvTranspose1d(3, 2, 2, 2, 1, 3, dilation=4)", (3,), (2,), "output_padding=3"),
        ("equinox", "ConvTranspose1d(3, 2, 4, 3, 2, 1, key=key)", (5,), (4,), "output_padding=2"),
        (
            "onnx",
            "ConvTranspose(kernel_shape=[2], pads=[1, 0], output_padding=[2], strides=[3])",
            (5,),
            (2,),
            "pads=[1",
        ),
    ],
)
def test_output_padding_in_the_peers_own_words(name, call, y_size, kernel_size, told):
    """Layers read from a framework's words, written in them again, and run."""
    explained = jtconv.explain_from(name, call, y_size)
    layer = Drawn(y_size, kernel_size, (), (), (), (), x_ch=2, y_ch=3)
    spec = explained.geometry.at(explained.transposed_size)
    words = written(name, layer, spec, use_bias=True)
    assert told in str(words)
    check(name, words, layer, spec, use_bias=True)
