"""A good call with arrays that do not fit it: shapes and dtypes that every framework is asked about."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.checks.agreement.configurations import Configuration

Shapes = tuple[tuple[int, ...], ...]


def misshapen(
    good: Configuration,
    dtypes: Iterable[tuple[str, ...]] = (("float64", "float32"), ("int32",)),
    empty: bool = False,
) -> Iterator[Configuration]:
    """With one channel, axis or dtype too many or too few; `empty` also asks for axes of size 0."""
    image, kernel, *_ = good.shapes
    shapes = [*_other_sizes(image, kernel), *(_empty_axes(image, kernel) if empty else ())]
    yield from (replace(good, shapes=wrong, dtypes=good.dtypes[:2]) for wrong in shapes)
    yield from (replace(good, shapes=(image, kernel), dtypes=given, gradients=False) for given in dtypes)


def misshapen_bias(good: Configuration, shapes: Iterable[tuple[int, ...]]) -> Iterator[Configuration]:
    """With a bias of another shape."""
    yield from (replace(good, shapes=(*good.shapes[:2], shape)) for shape in shapes)


def _other_sizes(image: tuple[int, ...], kernel: tuple[int, ...]) -> Iterator[Shapes]:
    channel = len(image) - len(kernel) + 1  # where channels come first
    yield ((*image[:channel], image[channel] + 1, *image[channel + 1 :]), kernel)
    yield ((*image[:-1], image[-1] + 1), kernel)
    yield (image[1:], kernel)
    yield (image[-1:], kernel)
    yield ((1, *image), kernel)
    yield ((1, 1, *image), kernel)
    yield (image, (*kernel[:-1], kernel[-1] + 1))
    yield (image, kernel[1:])
    yield (image, kernel[:-1])
    yield (image, (1, *kernel))
    yield (image, (*kernel, 1))
    yield ((0, *image[1:]), kernel)  # an empty batch, which most take


def _empty_axes(image: tuple[int, ...], kernel: tuple[int, ...]) -> Iterator[Shapes]:
    yield ((*image[:-1], 0), kernel)
    yield from ((image, (*kernel[:i], 0, *kernel[i + 1 :])) for i in range(len(kernel)))
