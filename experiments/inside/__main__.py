"""What features of a trained FCN-8 look for: their strongest activations, projected back to pixels.

An activation alone goes down through the network: each pool puts it where its maximum was, each convolution is
transposed, with the kernel that was trained, and what is negative is set to zero on the way.

  make demo && python -m experiments.inside
  python -m experiments.inside --run runs/fcn8 --stages 3 4 --features 6
"""

import sys

from experiments.inside.config import Config
from experiments.inside.picture import draw_picture
from experiments.inside.run import look
from experiments.inside.table import table
from experiments.inside.trained import load_trained
from experiments.shown import Shown, show


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return show("inside", Config(), run, args, __doc__ or "")


def run(config: Config) -> Shown:
    result = look(load_trained(config.run), config)
    return Shown(table(result, config), draw_picture(result, config))


if __name__ == "__main__":
    sys.exit(main())
