"""A trained network as a file in ONNX, its arrays and its preprocessing inside, for onnxruntime and other runtimes.

Inputs: "pictures" (b, h, w, in_ch) uint8, and "extents" (b, 2) int32, how much of each is a picture, from the upper
left. Outputs: "classes" (b, h, w) uint8 and "scores" (b, h, w, num_classes) float32. The batch is open; h and w are
fixed, since a network's layers are made for sizes. The layers are traced within `jtconv.lax_only`: jax2onnx makes Conv
and ConvTranspose of lax's convolutions, and knows no others.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from experiments.fcn.export import save_program
from jtconv import lax_only
from jtconv.models._inference import apply, run
from jtconv.models._model import Model

PROGRAM = "model.onnx"
INPUTS, OUTPUTS = ("pictures", "extents"), ("classes", "scores")
REMEDY = "pip install '.[onnx]'"


class Agreement(NamedTuple):
    """What onnxruntime makes of drawn pictures, against the network itself."""

    pixels: int
    other_classes: int  # of them
    largest_difference: float  # of a score, by the largest score

    def in_words(self) -> str:
        return (
            f"{self.other_classes} of {self.pixels:,} pixels of drawn pictures have another class, "
            f"and scores differ by at most {self.largest_difference:.1e} of the largest"
        )


def check_installed() -> None:
    """Raise ValueError that says what to install unless what this needs is there."""
    needs("jax2onnx")
    needs("onnxruntime")


def needs(name: str) -> Any:
    """The module. Raises ValueError that says what to install."""
    try:
        with quiet():
            return import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"`format` onnx needs {error.name}, which is not installed: {REMEDY}.") from None


def onnx_program(model: Model, size: tuple[int, int]) -> bytes:
    """The file's content, for pictures of at most `size`."""

    def outputs(pictures: Array, extents: Array) -> tuple[Array, Array]:
        network = nnx.merge(model.network, model.parameters, model.statistics, copy=True)
        scores = apply(network, model.signature.preprocessing(pictures), extents)
        return jnp.argmax(scores, axis=-1).astype(jnp.uint8), scores

    shapes = [
        jax.ShapeDtypeStruct(("b", *size, model.signature.in_ch), np.uint8),
        jax.ShapeDtypeStruct(("b", 2), np.int32),
    ]
    with quiet(), jax.enable_x64(False):
        to_onnx = needs("jax2onnx").to_onnx
        names = {"input_names": [*INPUTS], "output_names": [*OUTPUTS], "model_name": "network"}
        with lax_only():
            return to_onnx(outputs, shapes, return_mode="proto", **names).SerializeToString()


@contextmanager
def quiet() -> Iterator[None]:
    """Without what jax2onnx and its libraries say of themselves."""
    logger = logging.getLogger("onnx_ir")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def agreement(program: bytes, model: Model, size: tuple[int, int]) -> Agreement:
    """Compare both on a picture of `size` and one that fills a part of it."""
    rng = np.random.default_rng(0)
    sizes = [size, tuple(max(1, side * 2 // 3) for side in size)]
    images = [rng.integers(0, 256, (*each, model.signature.in_ch), np.uint8) for each in sizes]
    session = needs("onnxruntime").InferenceSession(program, providers=["CPUExecutionProvider"])
    expected = run(model, images, size, decide=False)
    batch = np.zeros((len(images), *size, model.signature.in_ch), np.uint8)
    for picture, image in zip(batch, images, strict=True):
        picture[: image.shape[0], : image.shape[1]] = image
    classes, scores = session.run([*OUTPUTS], {"pictures": batch, "extents": np.array(sizes, np.int32)})
    largest = np.abs(scores - expected).max() / np.abs(expected).max()
    return Agreement(classes.size, int((classes != expected.argmax(-1)).sum()), float(largest))


def save_onnx(model: Model, size: tuple[int, int], out: Path) -> Agreement:
    """Leave the network in ONNX, what it is about and a script that runs it in `out`."""
    program = onnx_program(model, size)
    found = agreement(program, model, size)
    save_program(out, PROGRAM, program, model, size, checked=found._asdict())
    return found
