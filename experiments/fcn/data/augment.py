"""Pictures changed at random, and their masks with them: size, place, side and colours."""

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import tyro
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from experiments.errors import check
from experiments.fcn.task import IGNORE, Sample

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601, as Pillow weights colours to grey
RGB = 3


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training pictures. Everything is off by default."""

    crop: tuple[int, int] | None = None
    """Height and width that is cut out at random; smaller pictures are padded, and the padding is ignored."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Lowest and highest factor of the size, before the crop."""
    flip: bool = False
    """Mirror every other picture, left to right."""
    flip_vertical: bool = False
    """Mirror every other picture, top to bottom."""
    turn: bool = False
    """Turn by 0, 90, 180 or 270 degrees, before the crop."""
    rotate: float = 0.0
    """Rotate by up to this many degrees either way, before the crop; the corners are padded, and ignored."""
    brightness: float = 0.0
    """Factor of the values: up to this far from 1."""
    contrast: float = 0.0
    """Factor of the distances from the mean grey: up to this far from 1."""
    saturation: float = 0.0
    """Factor of the distances from each pixel's grey: up to this far from 1."""
    augmentation: Annotated[str | None, tyro.conf.arg(metavar="MODULE:FUNCTION")] = None
    """A function of one's own, called last as f(rng, picture, mask), which returns both of the same shapes."""

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check(self, "crop", self.crop is None or min(self.crop) >= 1, "at least 1 by 1")
        low, high = self.scale
        check(self, "scale", 0 < low <= high < math.inf, "two finite factors above 0, the lower one first")
        check(self, "scale", self.scale == (1, 1) or self.crop is not None, "left out where there is no --crop")
        for name in ("brightness", "contrast", "saturation"):
            check(self, name, 0 <= getattr(self, name) <= 1, "in [0, 1]")
        check(self, "turn", not self.turn or self.crop is not None, "left out where there is no --crop")
        check(self, "rotate", 0 <= self.rotate <= 180, "degrees in [0, 180]")
        own = self.augmentation
        check(self, "augmentation", own is None or all(own.partition(":")), "MODULE:FUNCTION, such as my_module:change")


class Span(NamedTuple):
    """The part of one axis that is kept: a stretch of the resized picture, and the padding around it."""

    size: int  # of the picture
    scaled: int  # of the picture resized
    start: int  # in the picture resized
    length: int
    padding: tuple[int, int]

    def sources(self) -> NDArray[np.intp]:
        """The pixel of the picture at the centre of each one that is kept."""
        centres = self.start + np.arange(self.length) + 0.5
        return (centres * (self.size / self.scaled)).astype(np.intp)

    def bounds(self) -> tuple[float, float]:
        """Start and end of the stretch in the picture."""
        step = self.size / self.scaled
        return self.start * step, min((self.start + self.length) * step, self.size)


def augment(sample: Sample, how: Augmentation, fill: NDArray[np.uint8], rng: Generator) -> Sample:
    """The sample changed as `rng` has it; `fill` (channels,) is the colour of what is padded."""
    image, labels = rotate(sample.image, sample.labels, how, fill, rng)
    spans = draw_spans(labels.shape, how, rng)
    image, labels = resize(image, *spans), labels[np.ix_(*(span.sources() for span in spans))]
    if how.flip and rng.random() < 0.5:
        image, labels = image[:, ::-1], labels[:, ::-1]
    if how.flip_vertical and rng.random() < 0.5:
        image, labels = image[::-1], labels[::-1]
    image = recolour(image, how, rng)
    return Sample(pad(image, spans, fill), pad(labels[..., None], spans, np.array([IGNORE]))[..., 0], sample.name)


def rotate(
    image: NDArray[np.uint8], labels: NDArray[np.int32], how: Augmentation, fill: NDArray[np.uint8], rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Quarter turns, then a small angle: bilinear for the picture, the nearest pixel for the labels.

    Draws nothing where neither is asked for, so that other settings' batches stay as they were.
    """
    if how.turn:
        times = int(rng.integers(4))
        image, labels = np.ascontiguousarray(np.rot90(image, times)), np.ascontiguousarray(np.rot90(labels, times))
    if how.rotate:
        angle = rng.uniform(-how.rotate, how.rotate)
        nearest, smooth = Image.Resampling.NEAREST, Image.Resampling.BILINEAR
        # Channels that are no colours one by one: Pillow would multiply colours by alpha.
        channels = [
            np.asarray(Image.fromarray(channel).rotate(angle, smooth, fillcolor=int(colour)))
            for channel, colour in zip(np.moveaxis(image, -1, 0), fill, strict=True)
        ]
        image = np.stack(channels, -1)
        labels = np.asarray(Image.fromarray(labels).rotate(angle, nearest, fillcolor=IGNORE))
    return image, labels


def draw_spans(size: tuple[int, ...], how: Augmentation, rng: Generator) -> list[Span]:
    """Draw the span of each axis: the whole of it where there is no crop."""
    factor = rng.uniform(*how.scale)
    return [draw_span(n, factor, target, rng) for n, target in zip(size, how.crop or size, strict=True)]


def draw_span(size: int, factor: float, target: int, rng: Generator) -> Span:
    scaled = max(1, round(size * factor))
    length = min(scaled, target)
    before = int(rng.integers(target - length + 1))
    return Span(size, scaled, int(rng.integers(scaled - length + 1)), length, (before, target - length - before))


def resize(image: NDArray[np.uint8], rows: Span, columns: Span) -> NDArray[np.uint8]:
    """The stretch of both axes; bilinear, smoothed where it is made smaller."""
    if (rows.size, columns.size) == (rows.scaled, columns.scaled):
        return image[rows.start : rows.start + rows.length, columns.start : columns.start + columns.length]
    (top, bottom), (left, right) = rows.bounds(), columns.bounds()
    # Channels that are no colours one by one: Pillow would multiply colours by alpha.
    parts = [image] if image.shape[-1] == RGB else np.moveaxis(image, -1, 0)
    size, box = (columns.length, rows.length), (left, top, right, bottom)
    resized = [np.asarray(Image.fromarray(x).resize(size, Image.Resampling.BILINEAR, box)) for x in parts]
    return resized[0] if image.shape[-1] == RGB else np.stack(resized, -1)


def recolour(image: NDArray[np.uint8], how: Augmentation, rng: Generator) -> NDArray[np.uint8]:
    """Brightness, contrast and saturation of the colours or the grey; alpha stays."""
    amounts = how.brightness, how.contrast, how.saturation
    if not any(amounts):
        return image
    brightness, contrast, saturation = (np.float32(rng.uniform(1 - x, 1 + x)) for x in amounts)
    colours = image[..., :RGB] * brightness
    mean = grey(colours).mean()
    colours = mean + (colours - mean) * contrast
    own = grey(colours)
    colours = own + (colours - own) * saturation
    changed = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    return np.concatenate([changed, image[..., RGB:]], -1)


def grey(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 1) of (h, w, 1 or 3)."""
    return (colours @ LUMA)[..., None] if colours.shape[-1] == RGB else colours


def pad(array: NDArray, spans: list[Span], fill: NDArray) -> NDArray:
    """(h, w, channels) -> the target's size, `fill` (channels,) around it."""
    (top, bottom), (left, right) = (span.padding for span in spans)
    if not any((top, bottom, left, right)):
        return np.ascontiguousarray(array)
    height, width, channels = array.shape
    result = np.empty((top + height + bottom, left + width + right, channels), array.dtype)
    result[:] = fill
    result[top : top + height, left : left + width] = array
    return result
