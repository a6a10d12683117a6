"""What every layer of the suite becomes on a GPU: no multiplication by zeros, and little memory."""

import pytest

from jtconv.bench._layers import RARE, SUITE, NetworkLayer
from jtconv.bench.ahead._process import Worker
from jtconv.bench.ahead._programs import PARTS
from jtconv.bench.ahead._report import over_bounds

# Dilation that is not left out, as the sets of outputs would be too many, or too uneven.
DILATED = tuple(
    NetworkLayer(f"s2 d{d}", "", 2, size, 16, 12, 3, 2, {"padding": d, "dilation": d})
    for d, size in ((3, (7, 7)), (5, (7, 7)), (9, (33, 33)), (81, (400,)))
)
MAX_SECONDS = 300.0  # to compile one program


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("layer", [*SUITE, *RARE, *DILATED], ids=lambda layer: layer.name)
def test_auto_is_within_its_bounds(compiled, layer, part):
    figures = compiled("h100", layer, part)
    assert not over_bounds(figures), figures


@pytest.mark.parametrize("device", ["a100", "l4", "b200"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["FCN-32s", "depthwise", "FCN-8 up1", "jax 31662"])
def test_other_gpus_and_half_precision_are_within_them_too(compiled, device, dtype, name):
    (layer,) = (layer for layer in SUITE if layer.name == name)
    figures = compiled(device, layer, "forward", dtype=dtype)
    assert not over_bounds(figures), figures


def test_lax_alone_is_counted_as_what_it_is(compiled):
    """The inverse STFT: 128 positions between those of y, of which 127 are zeros."""
    (layer,) = (layer for layer in SUITE if layer.name == "jax 23783")
    figures = compiled("h100", layer, "forward", "lax")
    assert figures["multiplications"] / figures["needed"] == pytest.approx(131, abs=0.5)
    assert len(over_bounds(figures)) == 3


@pytest.mark.parametrize("name", ["causal_padded_by_hand", "kernel_gradient_of_a_cropped_result"])
def test_padding_by_the_caller_brings_no_zeros_into_a_window(name):
    """XLA gives padding to the convolution after it, and writes a dilated window out where that is uneven."""
    with Worker("h100") as worker:
        figures = worker.ask(f"tests.accelerators.programs:{name}", {}, MAX_SECONDS)
    assert not over_bounds(figures), figures
