"""python -m experiments.fcn predict RUN INPUT... --out DIR."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.fcn.predict import predict, wanted, with_own_names
from experiments.fcn.saved_model import From, load_saved
from experiments.files import check_writable
from jtconv.models._tiling import Tiling


@dataclass(frozen=True)
class Predict:
    """Find the classes in pictures, with the network of a finished run.

    For each picture NAME there are then NAME.png, whose values are the classes (with a palette in their
    colours), NAME_colour.png, and NAME_overlay.png with the colours over the picture.
    A picture that cannot be read is reported and passed over; the exit status is then 1.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """Folder of the run: model.json and model.safetensors are read."""
    inputs: Annotated[
        tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="INPUT...", help_behavior_hint="(required)")
    ]
    """Pictures, folders of pictures, or quoted globs such as "scans/*.png"."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the results; made if need be."""
    from_: From = None
    tiling: Annotated[Tiling, tyro.conf.arg(name="")] = field(default_factory=Tiling)


def run(command: Predict) -> int:
    """The exit status: 1 if a picture was at fault, else 0."""
    if not command.inputs:
        raise ValueError("`INPUT` must be at least one picture, folder or glob, got none.")
    pictures = with_own_names(list(wanted(command.inputs, command.out)), command.out)
    saved = load_saved(command.run, command.from_)
    check_writable(command.out)
    print(saved.in_words())
    failed = predict(saved.model, pictures, command.out, command.tiling, lambda text: print(text, file=sys.stderr))
    done = len(pictures) - failed
    print(f"{done} of {len(pictures)} pictures predicted; results are in {command.out}")
    return 1 if failed else 0
