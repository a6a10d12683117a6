"""Command lines: words that are right, with some of them replaced."""

import random

COMMANDS = ("verify", "explain", "overlap", "matrix")
BASE = {
    "verify": "--input-size 4 --kernel-size 2",
    "explain": "--input-size 7 7 --kernel-size 4 --strides 2",
    "overlap": "--input-size 7 --kernel-size 3 --strides 2",
    "matrix": "--input-size 7 --kernel-size 3 --strides 2",
}
OPTIONS = (
    *(
        "--input-size",
        "--kernel-size",
        "--strides",
        "--padding",
        "--dilation",
        "--groups",
        "--padding-mode",
        "--channels",
    ),
    *(
        "--output-padding",
        "--dtype",
        "--seed",
        "--json",
        "--no-bias",
        "--from",
        "--version",
        "--help",
        "--unknown",
        "-x",
    ),
)
WORDS = (
    *(
        "0",
        "1",
        "2",
        "3",
        "7",
        "-1",
        "64",
        "2147483648",
        "99999999999999999999",
        "1.5",
        "nan",
        "",
        " ",
        "a",
        "é",
        "٢",
        "\0",
    ),
    *(
        "VALID",
        "same",
        "SAME_LOWER",
        "CAUSAL",
        "ANTICAUSAL",
        "FULL",
        "1,2",
        "1,2,3",
        "-1,2",
        ",",
        "1,",
        "zeros",
        "circular",
        "reflect",
    ),
    *(
        "float32",
        "int32",
        "torch",
        "keras",
        "ConvTranspose2d(3, 2, 4, stride=2)",
        "ConvTranspose2d(",
        "--",
        "x" * 2000,
        "\ud800",
    ),
)


def draw_command(rng: random.Random, command: str) -> list[str]:
    """The words after `jtconv`."""
    words = [command, *BASE[command].split()]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        act = rng.random()
        if act < 0.4 and len(words) > 1:
            words[rng.randrange(2, len(words))] = rng.choice(WORDS)
        elif act < 0.8:
            words += [rng.choice(OPTIONS), *rng.choices(WORDS, k=rng.choice((0, 1, 1, 2)))]
        else:
            del words[rng.randrange(1, len(words))]
    if words[0] == "verify" and not {"--input-size", "--kernel-size"} & set(words):
        words += BASE["verify"].split()  # the built-in layers take a minute
    return words
