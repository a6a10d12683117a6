"""torch.nn.functional.conv_transpose1d to 3d, forward and with torch's own gradients, on the CPU."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch

from jtconv.compat import torch as adapter
from tests.checks.agreement.compared import Peer
from tests.checks.agreement.configurations import Configuration, Layer, drawn_layers, int_or_tuple, of_few_terms
from tests.checks.agreement.programs import Numbers, Program

torch.set_num_threads(1)  # the layers are small

DTYPES = ("float64",) * 6 + ("float32",) * 3 + ("bfloat16", "float16", "complex64", "complex128")


def configurations() -> list[Configuration]:
    return [replace(c, seed=i) for i, c in enumerate([*_grid(), *_draws(), *_refused()])]


def _grid() -> Iterator[Configuration]:
    """One axis: every kernel, stride, padding, dilation and output_padding that is small."""
    rng = np.random.default_rng(0)
    for k, s, p, d in itertools.product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2, 3), (1, 2, 3)):
        for a in range(max(s, d)):
            layer = Layer((int(rng.integers(1, 7)),), (k,), (s,), (d,), groups=int(rng.integers(1, 4)))
            yield _configuration(rng, layer, (p,), (a,))


def _draws() -> Iterator[Configuration]:
    rng = np.random.default_rng(1)
    for ndim, count in ((1, 400), (2, 950), (3, 700)):
        for layer in drawn_layers(rng, count, ndim):
            paddings = tuple(
                int(rng.integers(0, d * (k - 1) + 1)) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)
            )
            rests = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(layer.strides, layer.dilation, strict=True))
            yield _configuration(rng, layer, paddings, rests)


def _configuration(
    rng: np.random.Generator, layer: Layer, padding: tuple[int, ...], rest: tuple[int, ...]
) -> Configuration:
    dtype = str(rng.choice(DTYPES))
    layer = of_few_terms(layer, dtype)
    batch = (layer.batch,) if rng.integers(5) else ()
    has_bias, named = bool(rng.integers(2)), {"padding": padding, "output_padding": rest, "bias": ()}
    shapes = [(*batch, layer.y_ch, *layer.y_size), (layer.y_ch, layer.x_per_group, *layer.kernel_size)]
    arguments = {
        "stride": int_or_tuple(rng, layer.strides),
        "padding": int_or_tuple(rng, padding),
        "output_padding": int_or_tuple(rng, rest),
        "groups": layer.groups,
        "dilation": int_or_tuple(rng, layer.dilation),
    }
    features = layer.features | {name for name, values in named.items() if any(values)} | {dtype, "gradients"}
    features |= ({"bias"} if has_bias else set()) | (set() if batch else {"no batch axis"})
    return Configuration(
        f"conv_transpose{layer.ndim}d",
        layer if batch else replace(layer, batch=1),
        tuple(shapes + [(layer.x_ch,)] * has_bias),
        arguments,
        (dtype,),
        frozenset(features),
        gradients=True,
    )


def _refused() -> Iterator[Configuration]:
    """Calls that torch refuses, or might: one thing wrong in each."""
    rng = np.random.default_rng(2)
    for ndim in (1, 2, 3):
        for layer in drawn_layers(rng, 3, ndim):
            zeros = (0,) * ndim
            good = replace(
                _configuration(rng, layer, zeros, zeros), dtypes=("float32",), features=frozenset({"edge cases"})
            )
            yield from (replace(good, arguments=good.arguments | wrong) for wrong in _wrong_arguments(layer))
            yield from (replace(good, shapes=shapes) for shapes in _wrong_shapes(good.shapes))
            few = replace(layer, y_size=(1,) * ndim, kernel_size=(1,) * ndim, strides=(1,) * ndim, dilation=(4,) * ndim)
            yield _configuration(rng, few, (1,) * ndim, (3,) * ndim)  # zeros alone
            for dtypes in (("float32", "float64"), ("int64",), ("int32",), ("float64", "complex128")):
                yield replace(good, shapes=good.shapes[:2], dtypes=dtypes, gradients=False)


def _wrong_arguments(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    for name, value in itertools.product(("stride", "dilation", "groups"), (0, -1)):
        yield {name: value}
    for name in ("padding", "output_padding"):
        yield {name: -1}
    for name in ("stride", "padding", "output_padding", "dilation"):
        yield from ({name: value} for value in ((1,) * (ndim + 1), 1.5, None, "same", True, (1.0,) * ndim, ()))
        yield {name: (0,) if "padding" in name else (1,)}  # one entry for all axes: torch takes it
    yield {"output_padding": tuple(max(pair) for pair in zip(layer.strides, layer.dilation, strict=True))}
    yield {"output_padding": tuple(max(pair) - 1 for pair in zip(layer.strides, layer.dilation, strict=True))}
    yield {"padding": 30}
    yield {"groups": layer.groups * 7}
    yield {"groups": 1.0}
    yield {"groups": (1,)}


def _wrong_shapes(shapes: tuple[tuple[int, ...], ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    image, kernel, *_ = shapes
    channel = len(image) - len(kernel) + 1
    yield ((*image[:channel], image[channel] + 1, *image[channel + 1 :]), kernel)
    yield (image[-1:], kernel)
    yield ((1, 1, *image), kernel)
    yield ((*image[:-1], 0), kernel)
    yield ((0, *image[-len(kernel) + 1 :]), kernel)  # an empty batch, which torch takes
    yield (image, kernel[:-1])
    yield (image, (*kernel, 1))
    yield (image, (*kernel[:-1], 0))
    yield (image, (kernel[0], 0, *kernel[2:]))
    yield (image, kernel, (kernel[1] * 11,))
    yield (image, kernel, (kernel[1], 1))


def theirs(configuration: Configuration) -> Program:
    function = getattr(torch.nn.functional, configuration.function)

    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        tensors = [_tensor(a) for a in arrays]
        if cotangent is None:
            return (_array(function(*tensors, **configuration.arguments)),)
        for tensor in tensors:
            tensor.requires_grad_()
        x = function(*tensors, **configuration.arguments)
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


PEER = Peer("torch", ("torch",), adapter, configurations, theirs)
