"""The adapters' parameters are those of the peers; torch's modules and their output_size."""

import inspect
import math
from functools import partial

import keras
import numpy as np
import onnx
import pytest
import torch

from jtconv.compat import keras as our_keras
from jtconv.compat import onnx as our_onnx
from jtconv.compat import torch as our_torch
from tests.checks.agreement.rounding import excess


def test_keras():
    ours, theirs = (inspect.signature(m).parameters for m in (our_keras.conv_transpose, keras.ops.conv_transpose))
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"])
def test_torch(name):
    """Its functions are built in: the first line that their documentation says is the signature."""
    documented = next(line for line in getattr(torch.nn.functional, name).__doc__.splitlines() if line.strip())
    ours = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in inspect.signature(getattr(our_torch, name)).parameters.values()
    ]
    assert documented.startswith(f"{name}({', '.join(map(str, ours))}) -> Tensor")


def test_onnx():
    schema = onnx.defs.get_schema("ConvTranspose", 22)
    ours = inspect.signature(our_onnx.conv_transpose).parameters
    assert list(ours) == [i.name for i in schema.inputs] + sorted(schema.attributes)
    assert ours["auto_pad"].default.encode() == schema.attributes["auto_pad"].default_value.s
    assert ours["group"].default == schema.attributes["group"].default_value.i


@pytest.mark.parametrize("seed", range(40))
def test_torch_modules_called_with_an_output_size(seed):
    rng = np.random.default_rng(seed)
    ndim = int(rng.integers(1, 4))
    kernel_size, stride, padding, dilation = (
        tuple(map(int, rng.integers(low, high, ndim))) for low, high in ((1, 4), (1, 4), (0, 2), (1, 3))
    )
    given = {"stride": stride, "padding": padding, "dilation": dilation}
    size = tuple(map(int, rng.integers(3, 6, ndim)))
    module = (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)[ndim - 1](
        1, 1, kernel_size, **given, dtype=torch.float64
    )
    image = torch.from_numpy(rng.standard_normal((1, 1, *size)))
    least = module(image).shape[2:]
    wanted = tuple(int(i + rng.integers(-1, s + 1)) for i, s in zip(least, stride, strict=True))
    try:
        theirs = module(image, output_size=wanted).detach().numpy()
    except ValueError:
        with pytest.raises(ValueError, match="`output_size` must be in"):
            our_torch.output_padding_for(size, kernel_size, wanted, **given)
        return
    rest = our_torch.output_padding_for(size, kernel_size, wanted, **given)
    arrays = [a.detach().numpy() for a in (image, module.weight, module.bias)]
    function = partial(getattr(our_torch, f"conv_transpose{ndim}d"), output_padding=rest, **given)
    ours, size = (np.asarray(function(*map(f, arrays))) for f in (np.asarray, np.abs))
    assert not excess(ours, theirs, size, math.prod(kernel_size) + 1, "float64")
