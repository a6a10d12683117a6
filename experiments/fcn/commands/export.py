"""python -m experiments.fcn export RUN --out DIR."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.fcn import export_onnx
from experiments.fcn.export import PLATFORMS, PROGRAM, SCRIPT, check_size, save_export
from experiments.fcn.saved_model import From, load_saved
from experiments.files import check_writable, writing


@dataclass(frozen=True)
class Export:
    """Make a program of a finished run that needs nothing of this project.

    It takes pictures of 8 bits, does the preprocessing, and gives the class of every pixel. Beside it is a script that
    runs it: python DIR/run_exported.py PICTURE... --out DIR.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """Folder of the run: model.json and model.safetensors are read."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the results; made if need be."""
    from_: From = None
    size: tuple[int, int] = (512, 512)
    """Height and width of what is computed at once, multiples of 32. Smaller pictures have the scores that they would
    have alone; larger ones are taken in tiles."""
    format: Literal["jax", "onnx"] = "jax"
    """jax: for CPUs, NVIDIA's GPUs and TPUs, with its arrays beside it; runs with jax, numpy, flatbuffers and Pillow.
    JAX reads it for at least six months of its releases; the run stays what a new one is made from. onnx: one file for
    onnxruntime and other runtimes, which computes in float32 and gives the scores too; made with jax2onnx, and compared
    with the network in onnxruntime."""


def run(command: Export) -> int:
    """Export, and say how it is used."""
    check_size(command.size)
    if command.format == "onnx":
        export_onnx.check_installed()
        saved = load_saved(command.run, command.from_, dtype="float32")  # ONNX has no convolution of bfloat16
    else:
        saved = load_saved(command.run, command.from_)
    model = saved.model
    check_writable(command.out)
    print(saved.in_words())
    with writing(command.out):
        if command.format == "onnx":
            found = export_onnx.save_onnx(model, command.size, command.out)
            print(f"{command.out / export_onnx.PROGRAM}, in onnxruntime: {found.in_words()}")
        else:
            save_export(model, command.size, command.out)
            print(f"{command.out / PROGRAM} runs on {', '.join(PLATFORMS)}")
    print(f"python {command.out / SCRIPT} PICTURE... --out DIR")
    return 0
