"""torch's convolutions and ours: the same numbers in both directions, and the same gradients."""

from functools import partial

import jax
import numpy as np
import pytest
import torch
from comparison import (
    Layer,
    assert_conv_transpose_agrees,
    assert_same_up_to_rounding,
    channels_first,
    channels_last,
    channels_leading,
    few_examples,
    layers,
)
from hypothesis import given

import jtconv

CONV = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
CONV_TRANSPOSE = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}

# Written out, so that every method meets stride, padding, output_padding, dilation and groups.
FIXED = [
    Layer((5,), (4,), (2,), (1,), ((1, 1),), (0,)),
    Layer((5,), (3,), (3,), (2,), ((2, 2),), (2,), groups=3, x_ch=6, y_ch=9),
    Layer((3, 5), (4, 2), (2, 1), (1, 1), ((1, 1), (0, 0)), (1, 0)),
    Layer((4, 3), (3, 4), (2, 3), (2, 1), ((3, 3), (1, 1)), (0, 2), groups=2, x_ch=4, y_ch=6),
    Layer((3, 4), (2, 3), (4, 5), (1, 1), ((0, 0), (1, 1)), (3, 4)),
    Layer((2, 4, 3), (3, 2, 4), (2, 3, 1), (1, 2, 1), ((1, 1), (0, 0), (2, 2)), (1, 2, 0)),
    Layer((3, 2, 4), (2, 3, 1), (2, 2, 3), (1, 1, 1), ((0, 0), (1, 1), (0, 0)), (0, 1, 2),
          groups=4, x_ch=4, y_ch=4),
]  # fmt: skip


def tensor(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x.copy())


def torch_conv(layer: Layer, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    pads = tuple(lo for lo, _ in layer.padding)
    return CONV[layer.ndim](x, weight, None, layer.strides, pads, layer.dilation, layer.groups)


def torch_conv_transpose(layer: Layer, y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    pads = tuple(lo for lo, _ in layer.padding)
    return CONV_TRANSPOSE[layer.ndim](
        y, weight, None, layer.strides, pads, layer.output_padding, layer.groups, layer.dilation
    )


def geometry(layer: Layer) -> dict:
    return {
        "strides": layer.strides,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "groups": layer.groups,
    }


def check_conv_transpose(layer: Layer, method: str):
    def theirs(y, kernel):
        x = torch_conv_transpose(layer, tensor(channels_first(y)), tensor(channels_leading(kernel)))
        assert x.shape[2:] == layer.x_size
        return channels_last(x.numpy())

    given = geometry(layer) | {"output_padding": layer.output_padding, "method": method}
    assert_conv_transpose_agrees(layer, theirs, **given)


@pytest.mark.parametrize("method", jtconv.METHODS)
@pytest.mark.parametrize("layer", FIXED, ids=str)
def test_conv_transpose_by_every_method(layer, method):
    check_conv_transpose(layer, method)


@few_examples
@given(layers())
def test_conv_transpose(layer):
    check_conv_transpose(layer, "auto")


@few_examples
@given(layers())
def test_conv(layer):
    x, kernel = layer.draw_x(), layer.draw_kernel()
    x_torch, weight = tensor(channels_first(x)), tensor(channels_leading(kernel))
    theirs = torch_conv(layer, x_torch, weight)
    abs_terms = torch_conv(layer, x_torch.abs(), weight.abs())
    assert_same_up_to_rounding(
        jtconv.conv(x, kernel, **geometry(layer)),
        channels_last(theirs.numpy()),
        channels_last(abs_terms.numpy()),
        layer.terms,
    )


@few_examples
@given(layers())
def test_gradients_of_conv_transpose(layer):
    y, kernel, cotangent = layer.draw_y(), layer.draw_kernel(), layer.draw_x()

    def torch_gradients(y, kernel, cotangent):
        y = tensor(channels_first(y)).requires_grad_()
        weight = tensor(channels_leading(kernel)).requires_grad_()
        torch_conv_transpose(layer, y, weight).backward(tensor(channels_first(cotangent)))
        assert y.grad is not None
        assert weight.grad is not None
        weight_grad = np.moveaxis(weight.grad.numpy(), (0, 1), (-1, -2))
        return channels_last(y.grad.numpy()), weight_grad

    @jax.jit
    def our_gradients(y, kernel, cotangent):
        ours = partial(jtconv.conv_transpose, output_padding=layer.output_padding, **geometry(layer))
        return jax.vjp(ours, y, kernel)[1](cotangent)

    theirs = torch_gradients(y, kernel, cotangent)
    abs_terms = torch_gradients(abs(y), abs(kernel), abs(cotangent))
    # One number of the kernel's gradient adds a product for each pixel of y and each example.
    for ours, their, bound, terms in zip(
        our_gradients(y, kernel, cotangent), theirs, abs_terms, (layer.terms, y.size // layer.y_ch), strict=True
    ):
        assert_same_up_to_rounding(ours, their, bound, terms)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
@pytest.mark.parametrize("layer", [FIXED[0], FIXED[2], FIXED[3]], ids=str)
def test_padding_modes_in_both_directions(layer, mode):
    """torch has these modes forward only; its gradient is the transposed convolution."""
    kernel, x, y = layer.draw_kernel(), layer.draw_x(), layer.draw_y()
    pads = [side for pair in reversed(layer.padding) for side in pair]

    def torch_both(x, kernel, y):
        x = tensor(channels_first(x)).requires_grad_()
        padded = torch.nn.functional.pad(x, pads, mode=mode)
        out = CONV[layer.ndim](
            padded, tensor(channels_leading(kernel)), None, layer.strides, 0, layer.dilation,
            layer.groups,
        )  # fmt: skip
        out.backward(tensor(channels_first(y)))
        assert x.grad is not None
        return channels_last(out.detach().numpy()), channels_last(x.grad.numpy())

    forward, back = torch_both(x, kernel, y)
    abs_forward, abs_back = torch_both(abs(x), abs(kernel), abs(y))
    ours = jtconv.conv(x, kernel, padding_mode=mode, **geometry(layer))
    assert_same_up_to_rounding(ours, forward, abs_forward, layer.terms)
    ours = jtconv.conv_transpose(y, kernel, output_size=layer.x_size, padding_mode=mode, **geometry(layer))
    # Folding the padding back adds at most 3 images of a pixel on each axis.
    assert_same_up_to_rounding(ours, back, abs_back, 3**layer.ndim * layer.terms)
