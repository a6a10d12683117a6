"""Features of a trained FCN-8: their strongest activations, projected back to pixels.

An activation alone goes down through the network: each pool puts it where its maximum was, each convolution is
transposed, with the kernel that was trained, and what is negative is set to zero on the way.

  make demo && python -m experiments.inside
  python -m experiments.inside --run runs/fcn8 --stages 3 4 --features 6
"""

import sys
from collections.abc import Iterable

import numpy as np

from experiments.inside.picture import draw_picture
from experiments.inside.run import NONE, Config, Feature, Result, look, most_frequent
from experiments.inside.trained import load_trained
from experiments.shown import Shown, command_line


def run(config: Config) -> Shown:
    result = look(load_trained(config.run, config.from_), config)
    return Shown(table(result, config), draw_picture(result, config))


def table(result: Result, config: Config) -> str:
    """The features that are drawn, one by one; then all features of each pool."""
    shown = [feature for features in result.features.values() for feature in features[: config.features]]
    return "\n".join(["\n".join(lines_of_features(shown, config.patches)), "", *lines_of_pools(result, config)])


def lines_of_features(features: Iterable[Feature], patches: int) -> Iterable[str]:
    yield f"| feature | receptive field | strongest activation | digits of its {patches} top patches | most frequent |"
    yield "|---|---|---|---|---|"
    for feature in features:
        field = "×".join(map(str, feature.receptive_field))
        digits = " ".join("-" if digit == NONE else str(digit) for digit in feature.digits)
        often, share = most_frequent(feature.digits)
        name = f"pool{feature.stage}, {feature.number}"
        yield f"| {name} | {field} | {feature.values[0]:.2f} | {digits} | {often}: {share:.2f} |"


def lines_of_pools(result: Result, config: Config) -> Iterable[str]:
    """Features that were picked for their strength say little of the others."""
    yield "| pool | all its features | share of the most frequent digit, mean |"
    yield "|---|---|---|"
    for stage, features in result.features.items():
        share = np.mean([feature.share for feature in features]) if features else np.nan
        yield f"| pool{stage} | {len(features)} | {share:.2f} |"
    yield f"| {config.patches} scenes at random, a digit of each | | {result.chance:.2f} |"


main = command_line("inside", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
