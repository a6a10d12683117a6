"""Command line: python -m experiments.super_resolution --help."""

from experiments.command_line import exit_with
from experiments.super_resolution.config import Config
from experiments.super_resolution.pictures import save_picture
from experiments.super_resolution.run import run
from experiments.trained import show_trained

DESCRIPTION = """\
Enlarge real photographs 2, 3 and 4 times by small networks whose last layer is a transposed convolution.

A network adds to bicubic interpolation what it has learned is missing. It is compared with nearest, bilinear
and bicubic interpolation, and with back-projection, which learns nothing, on parts of photographs that it was
not trained on, and on two photographs it has seen nothing of.
The photographs ship inside scikit-image and scikit-learn. Leaves super-resolution.png and scores.json in --out.

  python -m experiments.super_resolution
  python -m experiments.super_resolution --scales 2 --steps 3000 --out runs/twice
"""


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return show_trained("super_resolution", Config(), run, save_picture, args, DESCRIPTION)


if __name__ == "__main__":
    exit_with(main)
