"""`benchmarks/few_channels.py`: its layers, and that its contenders compute the same."""

import pytest

from benchmarks.few_channels import LAYERS, contenders
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import random_arrays
from jtconv.bench._run import ready


def test_layers_have_few_channels():
    assert len({layer.name for layer in LAYERS}) == len(LAYERS)
    assert {len(layer.size) for layer in LAYERS} == {1, 2, 3}
    assert all(max(layer.y_ch, layer.x_ch) <= 4 for layer in LAYERS)
    assert all(layer.spec.output_size == layer.size for layer in LAYERS)


@pytest.mark.parametrize("part", ["forward", "kernel_gradient"])
def test_contenders_agree(part):
    layer = NetworkLayer("small", "none", 2, (6, 9), 2, 3, 4, 2, {"padding": 1})
    programs, _, failed = ready(layer, contenders(), random_arrays(layer, "float32"), part)
    assert not failed
    methods = {"jtconv overlap_add", "jtconv polyphase"} if part == "forward" else set()
    assert set(programs) >= {"jtconv", "lax", *methods}


def test_columns_that_are_too_large_are_not_made():
    layer = NetworkLayer("large", "none", 1, (400, 400), 1, 1, 20, 1)
    programs, _, failed = ready(layer, contenders(), random_arrays(layer, "float32"), "forward")
    assert "jtconv overlap_add" not in programs
    assert failed["jtconv overlap_add"].startswith("not run: its columns")
