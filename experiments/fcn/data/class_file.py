"""Names and colours of classes from a text file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError, as_user_error
from experiments.fcn.data.colours import IGNORED_VALUE
from experiments.fcn.data.labels import MAX_CLASSES

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
REMEDY = "write a class's name per line, in order, and after each or after none its colour, such as: road #804080"
IGNORED = "ignore"  # the name of a colour that is no class


class ClassFile(NamedTuple):
    """The content of the file."""

    names: tuple[str, ...]
    colours: tuple[str, ...] | None
    values: Mapping[str, int]  # "#rrggbb" -> class, or IGNORED_VALUE


def read_class_file(file: Path) -> ClassFile:
    """Lines "name" or "name #rrggbb"; that of "ignore #rrggbb" is no class. Raises `UserError`."""
    with as_user_error(file, "is no text that can be read ({error})", REMEDY):
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    entries = [split_line(line) for line in lines if line.strip()]
    names = tuple(name for name, _ in entries if name != IGNORED)
    colours = tuple(colour for name, colour in entries if name != IGNORED)
    ignored = [colour for name, colour in entries if name == IGNORED]
    check_classes(names, [*colours, *ignored], file)
    if not any(colours):
        return ClassFile(names, None, {})
    values = {colour: i for i, colour in enumerate(colours)} | dict.fromkeys(ignored, IGNORED_VALUE)
    return ClassFile(names, colours, values)


def split_line(line: str) -> tuple[str, str]:
    """The name, and the colour or ""."""
    name, _, last = line.strip().rpartition(" ")
    return (name.strip(), last.lower()) if name and COLOUR.fullmatch(last) else (line.strip(), "")


def check_classes(names: tuple[str, ...], colours: list[str], file: Path) -> None:
    """Raise `UserError` unless names and colours are all different, and there are a few."""
    if not 2 <= len(names) <= MAX_CLASSES:
        number = "1 class" if len(names) == 1 else f"{len(names)} classes"
        raise UserError(file, f"names {number}", f"name 2 to {MAX_CLASSES}, the background among them")
    if any(colours) and not all(colours):
        raise UserError(file, f"has colours for {sum(map(bool, colours))} of {len(colours)} lines", REMEDY)
    for what, values in (("name", names), ("colour", tuple(filter(None, colours)))):
        if twice := {value for value in values if values.count(value) > 1}:
            raise UserError(file, f"has the {what} {sorted(twice)[0]} twice", REMEDY)
