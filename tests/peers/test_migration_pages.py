"""The pages for those who come from torch, Keras, lax and Flax: what they say of these is so."""

import inspect
import re
from pathlib import Path

import jax
import keras
import pytest
import torch
from fcn_helpers import quick_float32
from flax import linen, nnx

from jtconv.compat import keras as our_keras
from jtconv.compat import torch as our_torch

PAGES = Path(__file__).parents[2] / "docs/migrate"
# Keras's and Flax's variables do not know NumPy 2's `copy`, which is their own matter.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LAYERS = {
    "pytorch": [*(getattr(torch.nn, f"ConvTranspose{n}d") for n in (1, 2, 3)), torch.nn.ConvTranspose2d.forward]
    + [getattr(our_torch, f"conv_transpose{n}d") for n in (1, 2, 3)],  # whose names are torch's: test_compat_signatures
    "keras": [getattr(keras.layers, f"Conv{n}DTranspose") for n in (1, 2, 3)] + [our_keras.conv_transpose],
    "lax": [jax.lax.conv_transpose, nnx.ConvTranspose.__init__],
}


@pytest.mark.parametrize(("page", "layer"), [(page, layer) for page, layers in LAYERS.items() for layer in layers])
def test_every_argument_is_named_in_the_tables(page, layer):
    rows = re.findall(r"^\| (`[^|]+) \|", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    if page == "keras" and layer is our_keras.conv_transpose:  # in the text below the table
        named = set(re.findall(r"`(\w+)`", (PAGES / "keras.md").read_text(encoding="utf-8")))
    parameters = set(inspect.signature(layer).parameters) - {"self", "kwargs"}
    assert parameters <= named, f"not on the page: {', '.join(sorted(parameters - named))}"


def test_linen_has_the_arguments_that_the_page_says():
    theirs = {name for name in inspect.signature(linen.ConvTranspose).parameters if name not in ("parent", "name")}
    named = set(inspect.signature(nnx.ConvTranspose.__init__).parameters) - {
        "self",
        "in_features",
        "out_features",
        "rngs",
    }
    assert theirs - {"features"} == {name for name in named if "metadata" not in name}


@pytest.mark.parametrize("page", sorted(LAYERS))
def test_all_of_the_page_runs_where_the_framework_is(page, tmp_path, monkeypatch):
    """```py blocks import the framework; the others come between them, in one namespace."""
    monkeypatch.chdir(tmp_path)
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    names = {"__name__": "__main__"}
    blocks = list(re.finditer(r"^```(py|python)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))
    assert any(block[1] == "py" for block in blocks) == (page != "lax")
    with quick_float32():
        for block in blocks:
            line = text[: block.start(2)].count("\n")
            exec(compile("\n" * line + block[2], f"{page}.md", "exec"), names)
