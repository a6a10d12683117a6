"""Find the classes in pictures with the exported network beside this file.

    python run_exported.py PICTURE... --out DIR

Needs numpy and Pillow; for model.jax_export, jax and flatbuffers too; for model.onnx, onnxruntime.

For each picture DIR/NAME.png has the classes as its values, with a palette in their colours.
"""

import argparse
import hashlib
import json
import struct
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
GRID = 32  # tiles start at multiples of this, where the network's coarsest pixels do
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
DTYPES = {"F32": "float32", "F64": "float64", "I32": "int32", "BF16": "bfloat16", "F16": "float16"}
Program = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (pictures, how much of each is one) -> classes
DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)  # what a file at fault leads to


def read_whole(file: Path, digest: str) -> bytes:
    """The bytes of a file, which are those that were exported: JAX takes damaged programs for sound ones."""
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"{file} is damaged (its digest differs)")
    return data


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a .safetensors file: a length, a JSON header, the bytes."""
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), memoryview(data)[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(body[slice(*x["data_offsets"])], np.dtype(DTYPES[x["dtype"]])).reshape(x["shape"])
        for name, x in header.items()
    }


def fits(size: object, said: object) -> bool:
    """Whether pictures may have `said` positions along an axis for which the program has `size`, which may be open."""
    if isinstance(size, int):
        return said == size
    return isinstance(said, int) and said >= GRID and said % GRID == 0


def check_shape(pictures: Sequence[Any], about: dict[str, Any]) -> None:
    """Raise ValueError unless the program's pictures are those of export.json."""
    told = [*about["size"], about["in_ch"]]
    if not all(fits(known, said) for known, said in zip(pictures[1:], told, strict=True)):
        raise ValueError(f"export.json is damaged (the program is for pictures {pictures})")


def jax_program(folder: Path, about: dict[str, Any]) -> Program:
    """The program of `jax.export` with its arrays."""
    import jax
    import jax.export  # its functions: `import jax` alone leaves them out

    data, arrays = (
        read_whole(folder / name, about["sha256"][name]) for name in ("model.jax_export", "model.safetensors")
    )
    exported = jax.export.deserialize(bytearray(data))
    (pictures,) = (x.shape for x in exported.in_avals if x.dtype == np.uint8)
    check_shape(pictures, about)
    arrays = {
        name: jax.numpy.asarray(x)
        for name, x in read_safetensors(arrays).items()
        if not name.startswith("preprocessing/")
    }
    call = jax.jit(exported.call)
    return lambda images, extents: np.asarray(call(arrays, images, extents))


def onnx_program(folder: Path, about: dict[str, Any]) -> Program:
    """The program in ONNX."""
    import onnxruntime  # pyright: ignore[reportMissingImports] (for this format alone)

    data = read_whole(folder / "model.onnx", about["sha256"]["model.onnx"])
    session = onnxruntime.InferenceSession(data, providers=onnxruntime.get_available_providers())
    (pictures,) = (x.shape for x in session.get_inputs() if x.name == "pictures")
    check_shape(pictures, about)
    return lambda images, extents: session.run(["classes"], {"pictures": images, "extents": extents})[0]


class Network:
    """The exported program with what it is about."""

    def __init__(self, folder: Path = HERE):
        self.about = json.loads((folder / "export.json").read_text(encoding="utf-8"))
        self.palette = b"".join(bytes.fromhex(colour[1:]) for colour in self.about["colours"])
        load = onnx_program if "model.onnx" in self.about["sha256"] else jax_program
        self.program = load(folder, self.about)

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """The class of every pixel (h, w) of a picture (h, w, in_ch) with values 0 to 255."""
        height, width = self.about["size"]
        result = np.empty(picture.shape[:2], np.uint8)
        for top, rows in tiles(picture.shape[0], height):
            for left, columns in tiles(picture.shape[1], width):
                found = self.tile(picture[top : top + height, left : left + width])
                inside = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
                result[rows, columns] = found[inside]
        return result

    def tile(self, picture: np.ndarray) -> np.ndarray:
        """The same for a picture that fits."""
        height, width, in_ch = picture.shape
        padded = np.zeros((1, *self.about["size"], in_ch), np.uint8)
        padded[0, :height, :width] = picture
        extent = np.array([[height, width]], np.int32)
        return self.program(padded, extent)[0, :height, :width]


def tiles(length: int, tile: int) -> list[tuple[int, slice]]:
    """Start of each tile, and the pixels that it decides: neighbours overlap and part in the middle."""
    final = max(0, -(-length // GRID) * GRID - tile)
    step = max(GRID, tile * 3 // 4 // GRID * GRID)
    starts = [*range(0, final, step), final]
    cuts = [0, *[(low + tile + high) // 2 for low, high in pairwise(starts)], length]
    return [(start, slice(first, last)) for start, first, last in zip(starts, cuts, cuts[1:], strict=False)]


def read_picture(file: Path, in_ch: int) -> np.ndarray:
    """(h, w, in_ch) with values 0 to 255; of grey with 16 bits the upper 8."""
    with Image.open(file) as opened:
        picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith(("I", "F")):
            values = np.asarray(picture)
            if picture.mode == "F" or values.min() < 0 or values.max() > 0xFFFF:
                raise ValueError("it has neither 8 nor 16 bits")
            picture = Image.fromarray((values >> 8).astype(np.uint8))
        return np.asarray(picture.convert(MODES[in_ch])).reshape(picture.height, picture.width, in_ch)


def results_of(pictures: list[Path], out: Path) -> dict[Path, Path]:
    """Each result with its picture. Raises ValueError where two would be one, or take a picture's place."""
    inputs, results = {file.resolve() for file in pictures}, {}
    for file in pictures:
        result = out / f"{file.stem}.png"
        other = results.setdefault(result, file)
        if other != file:
            raise ValueError(f"{other} and {file} would both become {result}: choose an --out for each")
        if result.resolve() in inputs:
            raise ValueError(f"{result} is a picture: choose another --out")
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description="Find the classes in pictures.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the results")
    options = parser.parse_args()
    try:
        results = results_of(options.pictures, options.out)
    except ValueError as error:
        parser.error(str(error))
    try:
        network = Network()
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed, which this program needs: pip install {error.name}", file=sys.stderr)
        return 2
    except DAMAGED as error:
        print(f"{HERE} holds no exported network that is whole ({error}): export it again", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for result, file in results.items():
        try:
            values = read_picture(file, network.about["in_ch"])
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, …
            print(f"{file} cannot be read: {error}", file=sys.stderr)
            failed = 1
            continue
        index = Image.fromarray(network(values))
        index.putpalette(network.palette)
        index.save(result)
        print(result)
    return failed


if __name__ == "__main__":
    sys.exit(main())
