"""What is read: a sound file of each kind, its reader, and what the reader promises of files at fault."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.data.class_file import read_class_file
from experiments.fcn.data.colours import Legend
from experiments.fcn.data.reading import read_image, read_mask
from experiments.fcn.initial import read_preprocessing, save_preprocessing
from experiments.fcn.log import read_log
from experiments.fcn.resuming import check_goes_on
from experiments.fcn.run_data import saved_source
from experiments.fcn8.config import Config
from jtconv.weights import Preprocessing, load, save

COLOURS = {"#000000": 0, "#804080": 1, "#ffffff": 255}


class Kind(NamedTuple):
    """`sound()` gives a file's bytes; `read(path)` what is made of them; `refusal` is its error for a file at fault."""

    name: str  # of the file
    sound: Callable[[], bytes]
    read: Callable[[Path], Any]
    refusal: type[Exception] = UserError
    is_text: bool = False
    weight: int = 3


# --- pictures --------------------------------------------------------------------------------


def picture(mode: str) -> Image.Image:
    rng = np.random.default_rng(0)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 60_000, (13, 17), dtype=np.uint16))
    shape = (13, 17) if mode in ("L", "P", "1") else (13, 17, len(mode))
    image = Image.fromarray((rng.random(shape) * 255).astype(np.uint8), "L" if mode in "P1" else mode)
    if mode == "P":
        image = Image.fromarray(np.asarray(image) % 4, "P")
        image.putpalette([0, 0, 0, 128, 64, 128, 255, 255, 255, 9, 9, 9])
    return image.convert("1") if mode == "1" else image


def pixels(kind: str, mode: str) -> bytes:
    file = io.BytesIO()
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    picture(mode).save(file, kind, **options)
    return file.getvalue()


def read_picture(path: Path) -> Any:
    """As a picture in each number of channels, and as a mask."""
    results, problems = [], []
    for read in (
        lambda: read_image(path, 3),
        lambda: read_image(path, 1),
        lambda: read_image(path, 4),
        lambda: read_mask(path, {}, None),
        lambda: read_mask(path, COLOURS, None),
        lambda: read_mask(path, COLOURS, None, Legend(("a",), frozenset({255}))),
        lambda: read_mask(path, {}, "red"),
    ):
        try:
            results.append(read())
        except UserError as problem:
            problems.append(problem)
    for array in results:
        assert isinstance(array, np.ndarray)
        assert array.dtype.kind in "ui"
        assert array.ndim in (2, 3)
        assert array.size
    if not results:
        raise problems[0]
    for problem in problems:
        assert str(path) in str(problem), f"does not name {path}: {problem}"


# --- arrays ----------------------------------------------------------------------------------


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    return {"block1_conv1/kernel": kernel, "block1_conv1/bias": rng.normal(size=4), "up1/steps": np.array(7)}


def saved(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/a{suffix}", arrays())
        return Path(folder, f"a{suffix}").read_bytes()


def compressed() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays())
    return file.getvalue()


def keras_3() -> bytes:
    import h5py

    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        for name, array in arrays().items():
            file.create_dataset(f"layers/{name}/vars/0", data=array, **({"compression": "gzip"} if array.ndim else {}))
            file[f"layers/{name}/vars"].attrs["name"] = name.partition("/")[0]
    return data.getvalue()


def of_torch(*, zipped: bool) -> bytes:
    """A state dict as torch saves it; without torch the start of one, which to read is an ImportError."""
    data = io.BytesIO()
    try:
        import torch  # pyright: ignore[reportMissingImports] (the peers' environment has it)
    except ImportError:
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        return data.getvalue()
    state = {name: torch.tensor(array) for name, array in arrays().items()}
    torch.save(state, data, _use_new_zipfile_serialization=zipped)
    return data.getvalue()


def read_weights(path: Path) -> Any:
    found = load(path)
    total = sum(array.nbytes for array in found.values())
    assert total <= 16 * 2**20 + 20 * path.stat().st_size, f"{total:,} bytes of arrays"


# --- texts -----------------------------------------------------------------------------------


def in_folder(name: str, write: Callable[[Path], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return (Path(folder) / name).read_bytes()


def metrics() -> bytes:
    lines = [
        {"step": i, "loss": 2.0 / i, "learning_rate": 1e-3, "seconds": 0.5 * i, "waiting": 0.0} for i in range(1, 9)
    ]
    lines.insert(4, {"step": 4, "digit_iou": 0.25, "mean_iou": 0.5})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def read_metrics(path: Path) -> Any:
    for line in read_log(path, 6):
        assert type(line["step"]) is int
        assert line["step"] <= 6
        assert all(isinstance(value, float) for name, value in line.items() if name != "step")


SETTINGS = Config(steps=7)


def config() -> bytes:
    return in_folder("config.json", lambda folder: SETTINGS.save(folder / "config.json"))


def config_with_source() -> bytes:
    source = {"data": "/pictures", "layout": "folders", "classes": None, "channels": 3, "images": None, "masks": None}
    return json.dumps(json.loads(config()) | {"source": source}, indent=2).encode()


def preprocessing() -> bytes:
    return in_folder("preprocessing.json", lambda folder: save_preprocessing(Preprocessing.torch(), folder))


PICTURES = (
    *(("PNG", "png", mode) for mode in ("L", "P", "RGB", "RGBA", "I;16", "1")),
    *(("JPEG", "jpg", mode) for mode in ("L", "RGB")),
    *(("TIFF", "tif", mode) for mode in ("RGB", "I;16")),
    *(("BMP", "bmp", mode) for mode in ("RGB", "P")),
    ("GIF", "gif", "P"),
    ("WEBP", "webp", "RGB"),
)
WEIGHTS = (
    ("a.npz", partial(saved, ".npz"), 12),
    ("a.safetensors", partial(saved, ".safetensors"), 12),
    ("a.h5", partial(saved, ".h5"), 12),
    ("compressed.npz", compressed, 6),
    ("keras3.weights.h5", keras_3, 12),
    ("a.pth", partial(of_torch, zipped=True), 2),
    ("old.pth", partial(of_torch, zipped=False), 2),
)
CLASSES = b"road #804080\nsky #0000ff\n\ntree #00ff00\nignore #000000\n"
KINDS = (
    *(Kind(f"{mode}.{suffix}", partial(pixels, kind, mode), read_picture) for kind, suffix, mode in PICTURES),
    *(Kind(name, sound, read_weights, ValueError, weight=weight) for name, sound, weight in WEIGHTS),
    Kind("metrics.jsonl", metrics, read_metrics, is_text=True, weight=5),
    Kind("config.json", config, lambda path: check_goes_on(SETTINGS, path, 0), is_text=True, weight=5),
    Kind("run-config.json", config_with_source, saved_source, is_text=True, weight=6),
    Kind("preprocessing.json", preprocessing, lambda path: read_preprocessing(path.parent), is_text=True, weight=5),
    Kind("classes.txt", lambda: CLASSES, read_class_file, is_text=True, weight=5),
)
