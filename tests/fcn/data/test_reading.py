"""Pictures and masks are read as their files hold them; a file at fault is named."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.data.reading import read_image, read_mask
from tests.fcn.data.files import COLOURS, MASK, RNG, SIZE, halve, luma, save

ROOT = Path(__file__).parents[3]
GREY = RNG.integers(0, 256, SIZE, np.uint8)


# --- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["png", "bmp", "tif", "ppm", "webp"])
def test_colours_are_read_as_they_are(tmp_path, extension):
    file = save(COLOURS, tmp_path / f"x.{extension}", **({"lossless": True} if extension == "webp" else {}))
    assert_array_equal(read_image(file, 3), COLOURS)
    assert_array_equal(read_image(file, 4), np.concatenate([COLOURS, np.full((*SIZE, 1), 255)], -1))
    assert_allclose(read_image(file, 1)[..., 0], luma(COLOURS), atol=1)  # Pillow rounds


def test_grey_is_stretched_over_the_channels(tmp_path):
    file = save(GREY, tmp_path / "x.png")
    assert_array_equal(read_image(file, 1), GREY[..., None])
    assert_array_equal(read_image(file, 3), np.stack([GREY] * 3, -1))


def test_alpha_is_dropped_unless_it_is_asked_for(tmp_path):
    alpha = GREY[..., None] // 2
    file = save(np.concatenate([COLOURS, alpha], -1), tmp_path / "rgba.png")
    assert_array_equal(read_image(file, 3), COLOURS)
    assert_array_equal(read_image(file, 4), np.concatenate([COLOURS, alpha], -1))
    file = save(np.concatenate([GREY[..., None], alpha], -1), tmp_path / "la.png")
    assert_array_equal(read_image(file, 1), GREY[..., None])
    assert_array_equal(read_image(file, 4)[..., 2:], np.concatenate([GREY[..., None], alpha], -1))


def palette_picture(file, **options):
    """Indices MASK, whose colours are COLOURS[0]."""
    image = Image.fromarray(MASK)
    image.putpalette(COLOURS[0].ravel().tolist())
    image.save(file, **options)
    return file


@pytest.mark.parametrize("options", [{}, {"transparency": bytes([0, 128, 255, 7, 9])}, {"transparency": 2}])
def test_a_palette_picture_has_its_colours(tmp_path, options):
    file = palette_picture(tmp_path / "x.png", **options)
    assert_array_equal(read_image(file, 3), COLOURS[0][MASK])
    assert_allclose(read_image(file, 1)[..., 0], luma(COLOURS[0][MASK]), atol=1)
    opacity = {"bytes": [0, 128, 255, 7, 9], "int": [255, 255, 0, 255, 255], "NoneType": [255] * 5}
    expected = np.array(opacity[type(options.get("transparency")).__name__])[MASK]
    assert_array_equal(read_image(file, 4)[..., 3], expected)


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    deep = (GREY.astype(np.uint16) << 8) + GREY[::-1]
    for name in ("x.png", "x.tif"):
        assert_array_equal(read_image(save(deep, tmp_path / name), 1), GREY[..., None])
        assert_array_equal(read_image(tmp_path / name, 3)[..., 2], GREY)


def test_a_black_and_white_picture(tmp_path):
    file = save(GREY > 99, tmp_path / "x.png")
    assert_array_equal(read_image(file, 3)[..., 1], np.where(GREY > 99, 255, 0))


@pytest.mark.parametrize("extension", ["tif", "jpg"])
def test_cmyk_is_ink(tmp_path, extension):
    inks = np.zeros((8, 32, 4), np.uint8)  # white, cyan, yellow, black, in blocks of a JPEG's own size
    for block, ink in ((1, 0), (2, 2), (3, 3)):
        inks[:, 8 * block : 8 * block + 8, ink] = 255
    Image.fromarray(inks, "CMYK").save(tmp_path / f"x.{extension}")
    colours = read_image(tmp_path / f"x.{extension}", 3)[4, 4::8]
    assert_allclose(colours, [[255, 255, 255], [0, 255, 255], [255, 255, 0], [0, 0, 0]], atol=3)
    assert_allclose(read_image(tmp_path / f"x.{extension}", 1)[4, 4::8, 0], luma(colours), atol=1)


UPRIGHT = {  # what EXIF's orientation asks for, in NumPy's words
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_and_masks_are_turned_as_exif_says(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_array_equal(read_image(save(COLOURS, tmp_path / "x.png", exif=exif), 3), UPRIGHT[orientation](COLOURS))
    assert_array_equal(read_mask(save(MASK, tmp_path / "y.png", exif=exif), {}, None), UPRIGHT[orientation](MASK))


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 20_000), (2, 20_000)])
def test_narrow_and_wide_pictures(tmp_path, size):
    array = RNG.integers(0, 256, (*size, 3), np.uint8)
    assert_array_equal(read_image(save(array, tmp_path / "x.png"), 3), array)
    assert_array_equal(read_mask(save(array[..., 0], tmp_path / "y.png"), {}, None), array[..., 0])


# --- masks -----------------------------------------------------------------------------------


def png(width, height, depth, colour, rows):
    """A PNG file of these packed rows."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    parts = (struct.pack(">I", len(x)) + kind + x + struct.pack(">I", zlib.crc32(kind + x)) for kind, x in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_grey_mask_of_few_bits_holds_what_its_file_holds(tmp_path, depth):
    values = np.arange(24).reshape(3, 8) % 2**depth
    bits = [np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, -depth:].ravel() for row in values]
    (tmp_path / "x.png").write_bytes(png(8, 3, depth, 0, [np.packbits(row).tobytes() for row in bits]))
    assert_array_equal(read_mask(tmp_path / "x.png", {}, None), values)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_palette_mask_is_its_indices(tmp_path, bits):
    assert_array_equal(read_mask(palette_picture(tmp_path / "x.png", bits=bits), {}, None), MASK)


def test_grey_masks_of_8_and_16_bits(tmp_path):
    deep = MASK.astype(np.uint16) * 1000
    assert_array_equal(read_mask(save(GREY, tmp_path / "x.png"), {}, None), GREY)
    for name in ("deep.png", "deep.tif"):
        assert_array_equal(read_mask(save(deep, tmp_path / name), {}, None), deep)


def test_a_mask_in_colours_by_a_table_or_a_channel(tmp_path):
    table = {f"#{r:02x}{g:02x}{b:02x}": 10 * i for i, (r, g, b) in enumerate(COLOURS[0])}
    file = save(COLOURS[0][MASK], tmp_path / "x.png")
    assert_array_equal(read_mask(file, table, None), 10 * MASK.astype(int))
    for i, channel in enumerate(("red", "green", "blue")):
        assert_array_equal(read_mask(file, {}, channel), COLOURS[0][MASK][..., i])
    with pytest.raises(UserError, match="x.png is a mask in colours, and no table.*--mask-channel"):
        read_mask(file, {}, None)
    last = list(table)[4]
    del table[last]
    with pytest.raises(UserError, match=rf"x.png has colours that no class has: {last} \(4 pixels\)"):
        read_mask(file, table, None)


# --- files at fault --------------------------------------------------------------------------


BIG_PNG = png(60_000, 60_000, 8, 0, [])
AT_FAULT = {
    "gone": (lambda file: file.unlink(), "does not exist"),
    "empty": (lambda file: file.write_bytes(b""), "is not a picture"),
    "text": (lambda file: file.write_text("hello"), "is not a picture"),
    "halved": (halve, "is damaged"),
    "bomb": (lambda file: file.write_bytes(BIG_PNG), "has more than 178,956,970 pixels"),
    "no data": (lambda file: file.write_bytes(png(8, 8, 8, 0, [])), "is damaged"),
}


@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "gif"])
@pytest.mark.parametrize("fault", AT_FAULT)
def test_a_file_at_fault_is_named(tmp_path, fault, extension):
    damage, message = AT_FAULT[fault]
    file = save(RNG.integers(0, 256, (64, 48), np.uint8), tmp_path / f"some name.{extension}")
    damage(file)
    for read in (lambda: read_image(file, 3), lambda: read_mask(file, {}, None)):
        with pytest.raises(UserError, match=message) as problem:
            read()
        assert str(problem.value).startswith(str(file))
        assert "\n" not in str(problem.value)


def test_a_large_picture_is_opened_without_a_word(tmp_path):
    """Run in a process of its own: pytest has its own filters of warnings."""
    (tmp_path / "x.png").write_bytes(png(10_000, 10_000, 1, 0, []))
    code = (
        f"from experiments.fcn.data.reading import opened\nwith opened({str(tmp_path / 'x.png')!r}) as x: print(x.size)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("(10000, 10000)\n", "")


def test_values_without_a_range_are_refused(tmp_path):
    with pytest.raises(UserError, match="x.tif holds floats"):
        read_image(save(GREY.astype(np.float32), tmp_path / "x.tif"), 3)
    with pytest.raises(UserError, match="y.tif holds 32-bit values"):
        read_image(save(GREY.astype(np.int32) << 16, tmp_path / "y.tif"), 3)
