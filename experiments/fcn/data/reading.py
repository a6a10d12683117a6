"""Pictures and masks from files. Whatever is wrong with a file is a `UserError` with its name."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from experiments.errors import UserError
from experiments.fcn.data.colours import Legend, look_up, values_of_palette
from jtconv.models._pictures import RangeError, pixels
from jtconv.weights._faults import nearest

REMEDY = "replace it, or remove it and what goes with it"
# As many pixels as Pillow opens. From half as many it warns, which is no help to anybody here.
MAX_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 0)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
ORIENTATION = 0x0112  # EXIF's tag
SIDES_SWAPPED = (5, 6, 7, 8)
RED_GREEN_BLUE = ("red", "green", "blue")
# PNG's grey samples of 2 and 4 bits, which Pillow stretches to 0 … 255.
STRETCHED = {"L;2": 85, "L;4": 17}


@contextmanager
def opened(file: Path) -> Iterator[Image.Image]:
    """The picture in `file`, not decoded yet; what fails within the block is a `UserError`."""
    try:
        with Image.open(file) as image:
            yield image
    except UserError:
        raise
    except RangeError as error:
        raise UserError(file, f"holds {error.what}", "save it with 8 or 16 bits") from None
    except FileNotFoundError:
        raise UserError(file, nearest(file), REMEDY) from None
    except UnidentifiedImageError:
        raise UserError(file, "is not a picture", REMEDY) from None
    except Image.DecompressionBombError:
        what = f"has more than {MAX_PIXELS:,} pixels"
        raise UserError(file, what, "cut it into tiles, since it is decoded anew for every use") from None
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, …
        raise UserError(file, f"is damaged ({error})", REMEDY) from error


def read_image(file: Path, channels: int) -> NDArray[np.uint8]:
    """(h, w, channels): 1 is grey, 3 red, green, blue, 4 with alpha; the way up that its EXIF data say.

    Grey is stretched over three channels, colours are weighted to grey, alpha is dropped or is
    opaque, and of 16 bits the upper 8 are kept, whatever the task asks for.
    """
    with opened(file) as image:
        return pixels(image, channels)


def is_turned(file: Path) -> bool:
    """Whether its EXIF data swap height and width."""
    with opened(file) as image:
        return image.getexif().get(ORIENTATION) in SIDES_SWAPPED


def read_mask(
    file: Path, colours: Mapping[str, int], channel: str | None, legend: Legend | None = None
) -> NDArray[np.integer]:
    """The value (h, w) of each pixel: a grey as it is, a palette's index, or its colour's value if there is a `legend`.

    A mask of red, green and blue is read by `channel`, one of `RED_GREEN_BLUE`, or else by
    `colours`: "#rrggbb" -> value.
    """
    with opened(file) as image:
        stretch = STRETCHED.get(raw_mode(image), 1)
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode == "1":
            return np.asarray(image).astype(np.uint8)
        if image.mode in ("P", "PA") and legend is not None and channel is None:
            return values_of_palette(image, colours, legend, file)
        if image.mode in ("L", "P") or image.mode.startswith("I"):
            return np.asarray(image) // stretch
        if image.mode in ("LA", "PA"):
            return np.asarray(image)[..., 0]
        if image.mode not in ("RGB", "RGBA"):
            raise UserError(file, f"is a mask in Pillow's mode {image.mode}", "save it as an 8-bit grey or palette PNG")
        return values_of_colours(np.asarray(image)[..., :3], colours, channel, legend, file)


def raw_mode(image: Image.Image) -> str:
    """Pillow's name of a PNG's samples, before it is decoded; "" for other formats."""
    tiles = getattr(image, "tile", None)
    return str(tiles[0][3]) if image.format == "PNG" and tiles else ""


def values_of_colours(
    image: NDArray[np.uint8], colours: Mapping[str, int], channel: str | None, legend: Legend | None, file: Path
) -> NDArray[np.integer]:
    if channel is not None:
        return image[..., RED_GREEN_BLUE.index(channel)]
    if not colours:
        what = "is a mask in colours, and no table says which class each is"
        remedy = "give the colours in --classes, or, if a channel holds the class, --mask-channel red"
        raise UserError(file, what, remedy)
    return look_up(image, colours, legend, file)
