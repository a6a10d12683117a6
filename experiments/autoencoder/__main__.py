"""Train autoencoders on real photographs: convolutions make a code, transposed convolutions a picture of it.

A network each for compression (the code has a sixteenth of the numbers), denoising, in-painting of missing squares,
and colourisation; each beside methods that learn little or nothing, on parts of photographs that it was not trained
on, and on two photographs it has seen nothing of. The photographs ship inside scikit-image and scikit-learn.
Leaves autoencoder.png and scores.json in --out.

  python -m experiments.autoencoder
  python -m experiments.autoencoder --tasks compression --steps 5000 --out runs/compression
"""

import sys

from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.autoencoder.config import Config
from experiments.autoencoder.run import Result
from experiments.autoencoder.run import run as run_all
from experiments.drawing import draw_panels
from experiments.held_out import results
from experiments.shown import Shown, command_line

TOP, LEFT, SIDE = 40, 80, 144  # of the detail
WIDTH = 1.9  # inches, of one image


def run(config: Config) -> Shown:
    result = run_all(config)
    return results(config, result.scores, result.seconds, draw_picture(result), greys=True)


def draw_picture(result: Result) -> Figure:
    """A row per task."""
    return draw_panels([panels(result, task) for task in result.shown], WIDTH, 0.5)


def panels(result: Result, task: str) -> list[tuple[str, NDArray]]:
    """The simplest other method, the last one, the network, and the photograph."""
    shown = result.shown[task]
    values = {s.method: s.psnr for s in result.scores if (s.task, s.photograph) == (task, shown.name)}
    simplest, *_, last, network = shown.restored
    named = [(f"{method}\n{values[method]:.1f} dB", shown.restored[method]) for method in (simplest, last, network)]
    images = [*named, (f"{task}:\nphotograph", shown.photograph)]
    return [(title, image[TOP : TOP + SIDE, LEFT : LEFT + SIDE]) for title, image in images]


main = command_line("autoencoder", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
