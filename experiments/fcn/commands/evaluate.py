"""python -m experiments.fcn evaluate RUN."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from experiments.fcn.data.layouts import LAYOUTS
from experiments.fcn.metrics import scores
from experiments.fcn.report import save_scores, score, tables
from experiments.fcn.run_data import samples_of_run
from experiments.fcn.saved_model import From, load_saved
from experiments.files import check_writable, writing

LAYOUT_HELP = f"How --data is laid out ({', '.join(LAYOUTS)}), where it is not as in training."


@dataclass(frozen=True)
class Evaluate:
    """Score the network of a finished run on pictures with masks.

    Says the IoU and the accuracy of every class and their means, and leaves them, with the confusion
    matrix, in scores.json.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """Folder of the run: model.json, model.safetensors and config.json are read."""
    from_: From = None
    data: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of another data set with the same classes; the run's own if left out."""
    layout: Annotated[str | None, tyro.conf.arg(metavar="NAME", help=LAYOUT_HELP)] = None
    split: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Part to score, where it is not what was held out in training: test is what was kept aside; another folder or
    list; all: everything there is."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder for scores.json; it is not written if left out."""


def run(command: Evaluate) -> int:
    """Score and say so."""
    saved = load_saved(command.run, command.from_)
    model = saved.model
    samples = samples_of_run(command.run, model, command.data, command.layout, command.split)
    if command.out is not None:
        check_writable(command.out)
    confusion, _ = score(model, samples)
    result = scores(confusion, model.classes)
    print(f"{len(samples)} picture{'s' * (len(samples) != 1)} with masks\n{saved.in_words()}\n")
    print(tables(result, confusion, model.classes))
    if command.out is not None:
        with writing(command.out):
            command.out.mkdir(parents=True, exist_ok=True)
            save_scores(result, confusion, model.classes, command.out / "scores.json")
    return 0
