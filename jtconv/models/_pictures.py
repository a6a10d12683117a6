"""Pictures as networks take them: arrays (h, w, channels) with values 0 to 255, from files, Pillow's images and arrays.

Pillow is needed for the first two alone.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jtconv._geometry import arguments as arg
from jtconv.weights._faults import exists, nearest

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's


class RangeError(ValueError):
    """A picture whose values have no known range; `what` it holds."""

    def __init__(self, what: str):
        super().__init__(what)
        self.what = what


def as_picture(picture: Any, channels: int) -> NDArray[np.uint8]:
    """The argument `picture`, a path, an image of Pillow or an array, as an array (h, w, channels)."""
    if isinstance(picture, str | os.PathLike):
        return _read(Path(picture), channels)
    if hasattr(picture, "getbands"):  # whoever has one of Pillow's has imported it
        return _of_pillow(picture, channels, f"a {type(picture).__name__} in mode {picture.mode}")
    return _checked_array(picture, channels)


def pixels(image: Any, channels: int) -> NDArray[np.uint8]:
    """(h, w, channels) of an image of Pillow: 1 is grey, 3 red, green, blue, 4 with alpha; EXIF's way up.

    Grey is stretched over three channels, colours are weighted to grey, alpha is dropped or is opaque, and of 16
    bits the upper 8 are kept, whatever the number of channels. Raises `RangeError` for floats and 32 bits.
    """
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise RangeError("floats, whose range is unknown")
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise RangeError("32-bit values")
        image = Image.fromarray((values >> 8).astype(np.uint8))  # as Pillow does it for colours
    if image.mode not in MODES.values():
        alpha = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBa")
        image = image.convert("RGBA" if alpha else "RGB")
    if image.mode != MODES[channels]:
        image = image.convert(MODES[channels])
    return np.asarray(image).reshape(image.height, image.width, channels)


def _read(path: Path, channels: int) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "`picture` may be a path where Pillow is installed: run `pip install pillow`, or pass the picture as a "
            "uint8 array (h, w, channels)."
        ) from error
    if not exists(path) or path.is_dir():
        what = "is a folder" if exists(path) else nearest(path)
        got = f"{str(path)!r}, which {what}"
        raise ValueError(f"`picture` must be the path of a picture, got {got}: pass another path.")
    try:
        with Image.open(path) as image:
            return _of_pillow(image, channels, repr(str(path)))
    except RangeError:
        raise
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, …
        reason = " ".join(str(error).split())
        raise ValueError(
            f"`picture` must be a picture that Pillow reads, got {str(path)!r} ({reason}): pass another, or an array."
        ) from error


def _of_pillow(image: Any, channels: int, got: str) -> NDArray[np.uint8]:
    if channels not in MODES:
        known = ", ".join(map(str, MODES))
        raise ValueError(
            f"`picture` must be a uint8 array (h, w, {channels}) for this network: Pillow's pictures have {known} "
            f"channels, got {got}."
        )
    try:
        return pixels(image, channels)
    except RangeError as error:
        raise RangeError(
            f"`picture` must have 8 or 16 bits per channel, got {got}, which holds {error.what}: pass a uint8 array."
        ) from None


def _checked_array(picture: Any, channels: int) -> NDArray[np.uint8]:
    if not isinstance(getattr(picture, "shape", None), tuple) or not hasattr(picture, "dtype"):
        raise TypeError(
            f"`picture` must be a path, an image of Pillow or a uint8 array (h, w, {channels}), got "
            f"{arg.shown(picture)} ({type(picture).__name__}): pass a list through np.array(…, np.uint8)."
        )
    shape = tuple(picture.shape)
    if channels == 1 and len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) != 3 or shape[-1] != channels or 0 in shape:
        raise ValueError(
            f"`picture` must have shape (h, w, {channels}), as many channels as the network was made for and no empty "
            f"axis, got shape {tuple(picture.shape)}: {_remedy(shape, channels)}."
        )
    array = np.asarray(picture)
    if array.dtype != np.uint8:
        raise TypeError(
            f"`picture` must have dtype uint8, values 0 to 255, got {array.dtype}: for values in [0, 1] pass "
            f"np.rint(255 * picture).astype(np.uint8)."
        )
    return array.reshape(shape)


def _remedy(shape: tuple[int, ...], channels: int) -> str:
    if len(shape) == 4 and shape[-1] == channels:
        return "pass the pictures of a batch one by one"
    if len(shape) == 3 and shape[0] == channels:
        return "channels come last, pass np.moveaxis(picture, 0, -1)"
    if channels == 3 and (len(shape) == 2 or shape[2:] == (1,)):
        return "pass a grey picture three times over, np.repeat(picture.reshape(h, w, 1), 3, -1)"
    if channels == 3 and shape[2:] == (4,):
        return "leave alpha out, picture[..., :3]"
    return "pass one picture, channels last"
