"""keras.ops.conv_transpose on its JAX backend."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np

from jtconv.compat import keras as adapter
from tests.checks.agreement.compared import Peer
from tests.checks.agreement.configurations import Configuration, Layer, drawn_layers, int_or_tuple, of_few_terms
from tests.checks.agreement.programs import Program, program_of

DTYPES = ("float64",) * 5 + ("float32",) * 4 + ("bfloat16", "float16", "complex64")


def configurations() -> list[Configuration]:
    return [replace(c, seed=i) for i, c in enumerate([*_grid(), *_draws(), *_refused()])]


def _grid() -> Iterator[Configuration]:
    """One axis: every small kernel, stride, dilation, padding and output_padding."""
    rng = np.random.default_rng(0)
    for k, s, d, padding in itertools.product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2), ("valid", "same")):
        for a in (None, *range(s + 1)):
            layer = Layer((int(rng.integers(1, 7)),), (k,), (s,), (d,))
            yield _configuration(rng, layer, padding, None if a is None else (a,))


def _draws() -> Iterator[Configuration]:
    rng = np.random.default_rng(1)
    for ndim, count in ((1, 350), (2, 850), (3, 650)):
        for layer in drawn_layers(rng, count, ndim, most_groups=1):
            rest = tuple(int(rng.integers(0, s)) for s in layer.strides) if rng.integers(2) else None
            yield _configuration(rng, layer, str(rng.choice(["valid", "same"])), rest)


def _configuration(rng: np.random.Generator, layer: Layer, padding: str, rest: tuple[int, ...] | None) -> Configuration:
    dtype = str(rng.choice(DTYPES))
    layer = of_few_terms(layer, dtype)
    data_format = rng.choice([None, "channels_last", "channels_first"])
    channels_first = data_format == "channels_first"
    image = (layer.y_ch, *layer.y_size) if channels_first else (*layer.y_size, layer.y_ch)
    arguments = {
        "strides": int_or_tuple(rng, layer.strides),
        "padding": padding,
        "output_padding": None if rest is None else int_or_tuple(rng, rest),
        "data_format": None if data_format is None else str(data_format),
        "dilation_rate": int_or_tuple(rng, layer.dilation),
    }
    features = layer.features | {dtype, padding} | ({"channels first"} if channels_first else set())
    return Configuration(
        "conv_transpose",
        layer,
        ((layer.batch, *image), (*layer.kernel_size, layer.x_ch, layer.y_ch)),
        arguments,
        (dtype,),
        frozenset(features | ({"output_padding"} if rest is not None else set())),
    )


def _refused() -> Iterator[Configuration]:
    """Calls that keras refuses, or might: one thing wrong in each."""
    rng = np.random.default_rng(2)
    for ndim in (1, 2, 3):
        for layer in drawn_layers(rng, 2, ndim, most_groups=1):
            good = replace(_configuration(rng, layer, "valid", None), dtypes=("float32",))
            good = replace(good, features=frozenset({"edge cases"}))
            yield from (replace(good, arguments=good.arguments | wrong) for wrong in _wrong_arguments(ndim))
            yield from (replace(good, shapes=shapes) for shapes in _wrong_shapes(*good.shapes))
            yield from (replace(good, dtypes=d) for d in (("float32", "float64"), ("int64",), ("int32",)))


def _wrong_arguments(ndim: int) -> Iterator[dict[str, Any]]:
    for name in ("strides", "dilation_rate"):
        yield from ({name: value} for value in (0, -1, 1.5, None, "1", (1,) * (ndim + 1), (1,) * (ndim - 1)))
    for padding, a in itertools.product(("valid", "same"), (-1, -2, 7, 1.5, (1,) * (ndim + 1), (1,) * (ndim - 1))):
        yield {"padding": padding, "output_padding": a}
    yield {"padding": "same", "output_padding": -60}
    yield from ({"padding": value} for value in ("SAME", "Valid", "causal", 1, None, ((0, 0),) * ndim))
    yield from ({"data_format": value} for value in ("CHANNELS_LAST", "NHWC", 1))


def _wrong_shapes(image: tuple[int, ...], kernel: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    yield ((*image[:-1], image[-1] + 1), (*kernel[:-1], kernel[-1] + 2))
    yield (image[1:], kernel)
    yield ((1, *image), kernel)
    yield (image, kernel[1:])
    yield (image, (1, *kernel))
    yield ((0, *image[1:]), kernel)  # an empty batch, which keras takes
    yield (image, (0, *kernel[1:]))
    yield (image, (*kernel[:-2], 0, kernel[-1]))


def theirs(configuration: Configuration) -> Program:
    return program_of(_function(configuration))


def _function(configuration: Configuration) -> Callable[..., Any]:
    return partial(keras.ops.conv_transpose, **configuration.arguments)


PEER = Peer("keras", ("keras",), adapter, configurations, theirs)
