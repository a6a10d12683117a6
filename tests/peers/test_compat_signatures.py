"""The adapters' parameters are those of the peers; torch's modules and their output_size."""

import ast
import inspect
import math
from functools import partial

import keras
import mlx.core
import numpy as np
import onnx
import pytest
import torch

from jtconv.compat import keras as our_keras
from jtconv.compat import mlx as our_mlx
from jtconv.compat import onnx as our_onnx
from jtconv.compat import paddle as our_paddle
from jtconv.compat import torch as our_torch
from tests.checks.agreement.paddle import paddle
from tests.checks.agreement.rounding import excess

PADDLE = [
    (getattr(our_paddle, f), getattr(paddle.nn.functional, f)) for f in (f"conv{n}d_transpose" for n in (1, 2, 3))
]
DOCUMENTED = [
    (getattr(ours, f), getattr(theirs, f))
    for ours, theirs in ((our_torch, torch.nn.functional), (our_mlx, mlx.core))
    for f in (f"conv_transpose{n}d" for n in (1, 2, 3))
]


@pytest.mark.parametrize(("ours", "theirs"), [(our_keras.conv_transpose, keras.ops.conv_transpose), *PADDLE])
def test_functions_of_python(ours, theirs):
    ours, theirs = (inspect.signature(f).parameters.values() for f in (ours, theirs))
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


@pytest.mark.parametrize(("ours", "theirs"), DOCUMENTED)
def test_functions_that_are_built_in(ours, theirs):
    """Of torch and MLX: the first line that their documentation says is the signature."""
    documented = next(line for line in theirs.__doc__.splitlines() if line.strip())
    arguments = ast.parse(f"def {documented}: ...").body[0].args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in inspect.signature(ours).parameters.values()]
    assert str(inspect.Signature(bare)).replace(" ", "") == f"({ast.unparse(arguments)})".replace(" ", "")


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
