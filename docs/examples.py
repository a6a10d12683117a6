"""For mkdocstrings: examples in docstrings, `>>> …`, as code. Markdown takes them for quotations in quotations."""

import re
from typing import Any

import griffe

# From the prompt to the next empty line, which is also where a doctest ends.
EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*?(?=\n *\n|\Z)", flags=re.DOTALL | re.MULTILINE)


def as_code(docstring: str) -> str:
    """With a fence around every example."""
    return EXAMPLE.sub(lambda example: f"{example['indent']}```pycon\n{example[0]}\n{example['indent']}```", docstring)


class Examples(griffe.Extension):
    """Rewrites every docstring once it has been read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_code(obj.docstring.value)
