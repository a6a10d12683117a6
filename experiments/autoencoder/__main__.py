"""Command line: python -m experiments.autoencoder --help."""

from experiments.autoencoder.config import Config
from experiments.autoencoder.pictures import save_picture
from experiments.autoencoder.run import run
from experiments.command_line import exit_with
from experiments.trained import show_trained

DESCRIPTION = """\
Train autoencoders on real photographs: convolutions make a code, transposed convolutions a picture of it.

A network each for compression (the code has a sixteenth of the numbers), denoising, in-painting of missing squares,
and colourisation; each beside methods that learn little or nothing, on parts of photographs that it was not trained
on, and on two photographs it has seen nothing of. The photographs ship inside scikit-image and scikit-learn.
Leaves autoencoder.png and scores.json in --out.

  python -m experiments.autoencoder
  python -m experiments.autoencoder --tasks compression --steps 5000 --out runs/compression
"""


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return show_trained("autoencoder", Config(), run, save_picture, args, DESCRIPTION)


if __name__ == "__main__":
    exit_with(main)
