"""A trained network as a program of `jax.export`, which runs without this project.

Arguments: the arrays of `model.safetensors` by name (those of the preprocessing left out), pictures
(b, h, w, in_ch) uint8, and how much of each is a picture, (b, 2) int32 from the upper left. Result:
classes (b, h, w) uint8. The batch is open, and so are h and w, multiples of what the network needs.
They are fixed for a network that pads around the picture, as the original one does by 100: JAX takes
too long to find out that its crops leave something. The CPU kernels of `jtconv` are not in it: they
are known to this project's processes alone.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from experiments.fcn.saved_model import ARRAYS, sha256
from experiments.files import write_whole
from jtconv.models._inference import FACTOR, compute, pads_around
from jtconv.models._model import Model, arrays_of, with_arrays
from jtconv.weights import save

PROGRAM, ABOUT, SCRIPT = "model.jax_export", "export.json", "run_exported.py"
PLATFORMS = ("cpu", "cuda", "tpu")


def check_size(size: tuple[int, int]) -> None:
    """Raise ValueError unless both are multiples of what the network needs."""
    if any(side < FACTOR or side % FACTOR for side in size):
        raise ValueError(f"`size` must be two multiples of {FACTOR}, got {size}.")


def export_program(model: Model, size: tuple[int, int]) -> jax.export.Exported:
    """The program for all of `PLATFORMS`; for pictures of `size` alone where it cannot be open."""
    arrays = {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in arrays_of(model).items()}
    batch, *sides = jax.export.symbolic_shape(f"b, {FACTOR}*h, {FACTOR}*w")
    images = jax.ShapeDtypeStruct((batch, *(size if pads_around(model) else sides), model.signature.in_ch), np.uint8)
    extents = jax.ShapeDtypeStruct((batch, 2), np.int32)

    def classes(arrays: Mapping[str, Array], images: Array, extents: Array) -> Array:
        filled = with_arrays(model, arrays)
        program = (model.network, model.signature.preprocessing, True)
        return compute(*program, filled.parameters, filled.statistics, images, extents)

    with jax.enable_x64(False), without_locations():
        return jax.export.export(jax.jit(classes), platforms=PLATFORMS)(arrays, images, extents)


@contextmanager
def without_locations() -> Iterator[None]:
    """Programs lowered within the block do not name this machine's files."""
    name = "jax_traceback_in_locations_limit"
    before = getattr(jax.config, name)
    jax.config.update(name, 0)
    try:
        yield
    finally:
        jax.config.update(name, before)


def save_export(model: Model, size: tuple[int, int], out: Path) -> None:
    """Leave the program, its arrays, what it is about and a script that runs it in `out`."""
    program = bytes(export_program(model, size).serialize())
    out.mkdir(parents=True, exist_ok=True)
    save(out / ARRAYS, arrays_of(model) | model.signature.preprocessing.entries())
    save_program(out, PROGRAM, program, model, size, ARRAYS)


def save_program(
    out: Path, name: str, program: bytes, model: Model, size: tuple[int, int], *beside: str, **facts: Any
) -> None:
    """Write the program, what it and the files `beside` it are about, with further `facts`, and the script."""
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / name, program)
    about = {
        "sha256": {file: sha256(out / file) for file in (name, *beside)},
        "size": size,
        "in_ch": model.signature.in_ch,
        "classes": model.classes.names,
        "colours": model.classes.colours,
        "smaller_pictures": "about the same" if pads_around(model) else "exact",
        **facts,
    }
    write_whole(out / ABOUT, json.dumps(about, indent=2) + "\n")
    shutil.copyfile(Path(__file__).with_name(SCRIPT), out / SCRIPT)
