"""torch.nn.functional.conv_transpose1d to 3d, forward and with torch's own gradients, on the CPU."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch

from jtconv.compat import torch as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen, misshapen_bias
from tests.checks.agreement.peer import Peer, named_in
from tests.checks.agreement.programs import Numbers, Program

torch.set_num_threads(1)  # the layers are small

DTYPES = ("float64",) * 6 + ("float32",) * 3 + ("bfloat16", "float16", "complex64", "complex128")
WRONG_DTYPES = (("float32", "float64"), ("int64",), ("int32",), ("float64", "complex128"))


def _grid() -> Iterator[Configuration]:
    """One axis: every kernel, stride, padding, dilation and output_padding that is small."""
    for k, s, p, d in itertools.product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2, 3), (1, 2, 3)):
        for a in range(max(s, d)):
            draw = Draw(10_000 * k + 1_000 * s + 100 * p + 10 * d + a, (1,))
            layer = draw.layer(groups=(1, 2, 3), strides=s, dilation=d)
            yield _configuration(draw, "float64", replace(layer, kernel_size=(k,)), (p,), (a,))


def _draw(draw: Draw) -> Configuration:
    dtype = draw.one(DTYPES)
    layer = draw.layer(dtype, groups=(1, 2, 3), strides=draw.one_or_each(1, 4), dilation=draw.one_or_each(1, 3))
    reach = [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    return _configuration(draw, dtype, layer, draw.below(reach), draw.below(layer.strides, layer.dilation))


def _configuration(
    draw: Draw, dtype: str, layer: Layer, padding: tuple[int, ...], rest: tuple[int, ...]
) -> Configuration:
    batch = (layer.batch,) * draw.chance(0.8)
    return Configuration(
        f"conv_transpose{layer.ndim}d",
        layer if batch else replace(layer, batch=1),
        (
            (*batch, layer.y_ch, *layer.y_size),
            (layer.y_ch, layer.x_per_group, *layer.kernel_size),
            *((layer.x_ch,),) * draw.chance(0.5),
        ),
        {
            "stride": draw.spelled(layer.strides),
            "padding": draw.spelled(padding),
            "output_padding": draw.spelled(rest),
            "groups": layer.groups,
            "dilation": draw.spelled(layer.dilation),
        },
        (dtype,),
        gradients=True,
    )


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    for name, value in itertools.product(("stride", "dilation", "groups"), (0, -1)):
        yield {name: value}
    for name in ("padding", "output_padding"):
        yield {name: -1}
    for name in ("stride", "padding", "output_padding", "dilation"):
        yield from ({name: value} for value in ((1,) * (ndim + 1), 1.5, None, "same", True, (1.0,) * ndim, ()))
        yield {name: (0,) if "padding" in name else (1,)}  # one entry for all axes: torch takes it
    yield {"output_padding": tuple(map(max, layer.strides, layer.dilation))}
    yield {"output_padding": tuple(max(pair) - 1 for pair in zip(layer.strides, layer.dilation, strict=True))}
    yield {"padding": 30}
    yield {"groups": layer.groups * 7}
    yield {"groups": 1.0}
    yield {"groups": (1,)}


def _more(good: Configuration) -> Iterator[Configuration]:
    ndim, kernel = good.layer.ndim, good.shapes[1]
    yield from misshapen(good, WRONG_DTYPES, empty=True)
    yield from misshapen_bias(good, ((kernel[1] * 11,), (kernel[1], 1)))
    few = replace(good.layer, y_size=(1,) * ndim, kernel_size=(1,) * ndim, strides=(1,) * ndim, dilation=(4,) * ndim)
    yield _configuration(Draw(good.seed), "float64", few, (1,) * ndim, (3,) * ndim)  # zeros alone


def _program(function: Callable[..., Any]) -> Program:
    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        tensors = [_tensor(a) for a in arrays]
        if cotangent is None:
            return (_array(function(*tensors)),)
        for tensor in tensors:
            tensor.requires_grad_()
        x = function(*tensors)
        # torch pulls back the conjugate transpose.
        x.backward(_tensor(cotangent).conj())
        return (_array(x), *(_array(tensor.grad.conj()) for tensor in tensors if tensor.grad is not None))

    return run


def _tensor(a: np.ndarray) -> torch.Tensor:
    if a.dtype == jnp.bfloat16:
        return torch.from_numpy(a.astype(np.float32)).bfloat16()
    return torch.from_numpy(a.copy())


def _array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().resolve_conj()
    if tensor.dtype == torch.bfloat16:
        return tensor.float().numpy().astype(jnp.bfloat16)
    return tensor.numpy()


PEER = Peer(
    name="torch",
    packages=("torch",),
    adapter=adapter,
    draw=_draw,
    draws=2_050,
    mistakes=_mistakes,
    theirs=named_in(torch.nn.functional),
    grid=_grid,
    more=_more,
    goods=9,
    program=_program,
)
