"""The options of an experiment's command line: read by Tyro, in groups, with other tools' words for ours named."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any, TypeVar, get_args, get_type_hints

import tyro

T = TypeVar("T")

# Our option for each of other tools' words. Tyro itself names what is spelled nearly right.
OURS = {
    word: ours
    for ours, words in {
        "--learning-rate": ("--lr",),
        "--batch-size": ("--bs", "--batch"),
        "--weight-decay": ("--wd",),
        "--steps": ("--iterations", "--iters", "--max-steps", "--num-steps"),
        "--epochs": ("--num-epochs", "--max-epochs"),
        "--data": ("--data-dir", "--dataset", "--images", "--path"),
        "--out": ("--output", "--output-dir", "--save-dir", "--logdir"),
        "--decoder": ("--model", "--arch"),
        "--encoder": ("--backbone", "--pretrained", "--weights"),
        "--kind": ("--optimizer", "--optim"),
        "--patience": ("--early-stopping",),
        "--config": ("--settings", "--config-file"),
    }.items()
    for word in words
}


def parsed(kind: type[T], args: Sequence[str] | None, *, prog: str, description: str | None, **more: Any) -> T:
    """The command that `args` describe, by default those of the process; Tyro exits where they describe none.

    Raises ValueError for another tool's word for an option.
    """
    args = sys.argv[1:] if args is None else list(args)
    for word in args:
        name = word.partition("=")[0]
        if name in OURS and (options := _options(kind)) and name not in options and OURS[name] in options:
            raise ValueError(f"{prog}: there is no option {name}: did you mean {OURS[name]}? --help lists all.")
    return tyro.cli(kind, args=args, prog=prog, description=description, **more)


def _options(kind: Any) -> set[str]:
    """The names of a command's fields and of those within them, as options."""
    if not dataclasses.is_dataclass(kind):
        return set()
    own = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(kind)}
    return own.union(*(_options(_plain(each)) for each in get_type_hints(kind).values()))


def _plain(annotated: Any) -> Any:
    return get_args(annotated)[0] if hasattr(annotated, "__metadata__") else annotated
