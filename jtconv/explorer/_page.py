"""The page, from its parts in this folder and from the library's own functions as JavaScript."""

import functools
import html
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from jtconv._frameworks.layer import pads_text
from jtconv._frameworks.registry import FRAMEWORKS
from jtconv._geometry import arguments as arg
from jtconv._geometry.overlap import overlap_counts
from jtconv._geometry.padding_modes import into_range
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._version import __version__
from jtconv.explorer import _layer, _link
from jtconv.explorer._fields import FIELDS
from jtconv.explorer._translate import translate

SCRIPTS = (
    "python",
    "taps",
    "evaluate",
    "paint",
    "model",
    "planes",
    "figure",
    "matrices",
    "overlaps",
    "words",
    "labels",
    "code",
    "controls",
    "trace",
    "main",
)
"""The scripts that are written by hand, in order; what is translated comes after the first."""

STYLES = ("base", "controls", "figures", "matrices", "code", "narrow")
"""The style sheets, in order."""

TRANSLATED: Mapping[str, Any] = {
    "toLink": _link.to_link,
    "fromLink": _link.from_link,
    "specOf": _layer.spec_of,
    "sizeRanges": _layer.size_ranges,
    "isCountedDown": _layer.is_counted_down,
    "nearestOf": _layer.nearest_of,
    "equivalentsOf": _layer.equivalents_of,
    "intoRange": into_range,
    "reachOf": effective_kernel_size,
    "padsText": pads_text,
}
"""Functions that the scripts call, by their names there; what these call comes with them."""

NATIVE: Mapping[Any, str] = {
    FIELDS: "FIELDS",
    arg.is_sequence: "Array.isArray",
    arg.shown: "$py.repr",
    arg.integer_of_any_size: "$py.integer",
    overlap_counts: "overlapCountsOf",
}
"""JavaScript in place of NumPy, and of checks of values that are no plain numbers."""


def page(link: str = "") -> str:
    """Return the page as one file of HTML; `link` is the layer that it begins with, as `ExploredLayer.link` says it.

    Raises TypeError for a `link` that is no string.
    """
    return _template().replace("{{layer}}", html.escape(arg.text("link", link), quote=True))


@functools.cache
def _template() -> str:
    """The page but for the layer."""
    tables = {"FIELDS": [asdict(field) for field in FIELDS], "FRAMEWORKS": _frameworks()}
    python, *scripts = (_read(f"{name}.js") for name in SCRIPTS)
    constants = [f"const {name} = {json.dumps(table, ensure_ascii=False)};" for name, table in tables.items()]
    program = "\n".join([python, *constants, translate(TRANSLATED, NATIVE), *scripts])
    parts = {"version": __version__, "style": "\n".join(_read(f"{name}.css") for name in STYLES), "scripts": program}
    text = _read("page.html")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _frameworks() -> dict[str, tuple[str, str]]:
    """Title and first lines of each framework."""
    return {name: (framework.title, framework.before) for name, framework in FRAMEWORKS.items()}


def _read(name: str) -> str:
    return files("jtconv.explorer").joinpath(name).read_text(encoding="utf-8")
