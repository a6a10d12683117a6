"""mlx.core.conv_transpose1d to 3d on MLX's CPU back end, with its own gradients where they are right."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import mlx.core as mx
import numpy as np

from jtconv.compat import mlx as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer
from tests.checks.agreement.programs import Numbers, Program

mx.set_default_device(mx.cpu)

DTYPES = ("float32",) * 6 + ("bfloat16", "float16")
WRONG_DTYPES = (("int32",), ("complex64",), ("float64",), ("float32", "float16"), ("bfloat16", "float16"))


def _grid() -> Iterator[Configuration]:
    """One axis: every kernel, stride, padding, dilation and output_padding that is small."""
    for k, s, p, d, a in itertools.product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2, 3), (1, 2), (0, 1, 3)):
        draw = Draw(10_000 * k + 1_000 * s + 100 * p + 10 * d + a, (1,))
        layer = draw.layer(groups=(1, 2), strides=s, dilation=d)
        yield _configuration(draw, "float32", replace(layer, kernel_size=(k,)), (p,), (a,))


def _draw(draw: Draw) -> Configuration:
    dtype = draw.one(DTYPES)
    groups = (1,) if draw.ndim == 3 else (1, 2, 3)
    layer = draw.layer(dtype, groups=groups, strides=draw.one_or_each(1, 4), dilation=draw.one_or_each(1, 3))
    reach = [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    rest = draw.one([(0,) * draw.ndim, draw.below(layer.strides), draw.each(0, 5)])
    return _configuration(draw, dtype, layer, draw.below(reach) if draw.chance(0.8) else draw.each(-2, 4), rest)


def _configuration(
    draw: Draw, dtype: str, layer: Layer, padding: tuple[int, ...], rest: tuple[int, ...]
) -> Configuration:
    one_axis = layer.ndim == 1
    given = {"stride": layer.strides, "padding": padding, "dilation": layer.dilation, "output_padding": rest}
    return Configuration(
        f"conv_transpose{layer.ndim}d",
        layer,
        (
            (layer.batch, *layer.y_size, layer.y_ch),
            (layer.x_ch, *layer.kernel_size, layer.y_per_group),
        ),
        {name: values[0] if one_axis else draw.spelled(values) for name, values in given.items()}
        | {"groups": layer.groups},
        (dtype,),
        gradients=True,
    )


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    for name in ("stride", "dilation"):
        yield from ({name: value} for value in (0, -1))
    for name in ("stride", "padding", "output_padding", "dilation"):
        others = (1.5, None, "SAME", (1,) * (ndim + 1), [1] * ndim, ((1, 1),) * ndim, (1.0,) * ndim, (), (1,))
        yield from ({name: value} for value in others)
    yield from ({"padding": value} for value in (-1, 30))
    yield from ({"output_padding": value} for value in (-1, -30, 30))
    yield from ({"groups": value} for value in (-1, layer.groups * 7, 1.0, None, 2))


def _theirs(configuration: Configuration) -> Callable[..., Any]:
    image, kernel, *_ = configuration.shapes
    if 0 in (*kernel, image[-1]):
        raise ValueError("MLX ends the process: BLAS refuses an empty matrix")

    def function(image: Any, kernel: Any) -> Any:
        return getattr(mx, configuration.function)(image, kernel, **configuration.arguments)

    return function


def _program(function: Callable[..., Any]) -> Program:
    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        given = [_array_of_mlx(a) for a in arrays]
        if cotangent is None:
            return (_numbers(function(*given)),)
        results, gradients = mx.vjp(function, given, [_array_of_mlx(cotangent)])
        return tuple(map(_numbers, (*results, *gradients)))

    return run


def _array_of_mlx(a: np.ndarray) -> mx.array:
    return mx.array(a.astype(np.float32)).astype(mx.bfloat16) if a.dtype == jnp.bfloat16 else mx.array(a, _dtype(a))


def _dtype(a: np.ndarray) -> Any:
    return getattr(mx, str(a.dtype))


def _numbers(a: mx.array) -> np.ndarray:
    return np.array(a.astype(mx.float32)).astype(jnp.bfloat16) if a.dtype == mx.bfloat16 else np.array(a)


def _differentiates(configuration: Configuration) -> bool:
    """Whether MLX's own gradients are right; else they are those of another size, raise, or end the process."""
    padding, rest = (jax.tree.leaves(configuration.arguments[name]) for name in ("padding", "output_padding"))
    batch = configuration.shapes[0][0]
    return not any(rest) and all(isinstance(p, int) and p >= 0 for p in padding) and batch > 0


PEER = Peer(
    name="mlx",
    packages=("mlx",),
    adapter=adapter,
    draw=_draw,
    draws=1_100,
    mistakes=_mistakes,
    theirs=_theirs,
    grid=_grid,
    more=lambda good: misshapen(good, WRONG_DTYPES, empty=True),
    program=_program,
    differentiates=_differentiates,
    wide="float32",
)
