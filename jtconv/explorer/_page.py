"""The page, from its parts in this folder."""

import html
from importlib.resources import files

from jtconv._geometry import arguments as arg
from jtconv._version import __version__

SCRIPTS = (
    "sizes",
    "dialects",
    "equivalents",
    "evaluate",
    "state",
    "paint",
    "model",
    "figure",
    "matrices",
    "overlaps",
    "words",
    "code",
    "controls",
    "main",
)


def page(link: str = "") -> str:
    """The page as one file of HTML; `link` is the layer that it begins with, as `ExploredLayer.link` says it.

    Raises TypeError for a `link` that is no string.
    """
    parts = {
        "layer": html.escape(arg.text("link", link), quote=True),
        "version": __version__,
        "style": _read("style.css"),
        "scripts": "\n".join(_read(f"{name}.js") for name in SCRIPTS),
    }
    text = _read("page.html")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _read(name: str) -> str:
    return files("jtconv.explorer").joinpath(name).read_text(encoding="utf-8")
