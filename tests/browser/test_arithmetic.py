"""The page's own arithmetic against this library's, on random layers."""

import json

import numpy as np
import pytest
from reference import drawn_layers, expected, geometry_of

from jtconv import conv_matrix
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv.explorer import ExploredLayer

LAYERS = 5_000
SMALL = 30  # of which the whole matrix is compared

EVALUATE = """text => JSON.stringify(JSON.parse(text).map((layer) => {
    const { evaluate, equivalents, toHash, fromHash } = jtconvExplorer;
    const result = evaluate(layer);
    const link = toHash(layer);
    const again = JSON.stringify(fromHash(link)) === JSON.stringify(layer);
    if (!result.error) result.equivalents = equivalents(layer);
    return { link, again, result };
}))"""


@pytest.fixture(scope="module")
def layers():
    return drawn_layers(LAYERS)


@pytest.fixture(scope="module")
def evaluate(browser, address):
    """What the page makes of layers, all at once."""
    page = browser.new_page()
    page.goto(address)
    yield lambda layers: json.loads(page.evaluate(EVALUATE, json.dumps(layers)))
    page.close()


@pytest.fixture(scope="module")
def evaluated(evaluate, layers):
    return evaluate(layers)


def test_the_page_computes_what_the_library_does(layers, evaluated):
    """Sizes, padding, what each tap reads, overlaps, entries, words of all frameworks, errors, links."""
    possible = 0
    errors = set()
    for layer, page in zip(layers, evaluated, strict=True):
        assert page["result"] == expected(layer), layer
        assert page["link"] == link_of(layer)
        assert page["again"], layer
        possible += "error" not in page["result"]
        errors.add(page["result"].get("error", "")[:30])
    assert 0.5 * LAYERS < possible < 0.9 * LAYERS
    beginnings = (
        "no input size gives",
        "`output_padding` must",
        "`padding` (",
        "`padding_mode`",
        "`groups` must divide `in_ch`",
        "`groups` must divide `out_ch`",
    )
    for beginning in beginnings:
        assert any(error.startswith(beginning) for error in errors), beginning


def test_the_nearest_possible_layer_is_possible(evaluate, evaluated):
    near = [page["result"]["nearest"] for page in evaluated if "error" in page["result"]]
    assert len(near) > LAYERS / 10
    assert not any("error" in page["result"] for page in evaluate(near))


def test_the_entries_are_those_of_the_matrix(layers, evaluated):
    """With a kernel of random numbers, padding that is copied included."""
    rng = np.random.default_rng(0)
    small = [
        (layer, page["result"])
        for layer, page in zip(layers, evaluated, strict=True)
        if "error" not in page["result"] and np.prod(page["result"]["entries"]["shape"]) <= 2_000
    ]
    modes = set()
    for layer, result in small[:SMALL]:
        kernel = rng.standard_normal((*layer["k"], 1, 1))
        geometry = geometry_of({**layer, "g": 1})
        matrix = conv_matrix(kernel, result["spec"]["x"], **geometry.arguments())
        entries, ours = result["entries"], np.zeros(result["entries"]["shape"])
        np.add.at(ours, (entries["rows"], entries["columns"]), kernel.ravel()[entries["taps"]])
        # Entries that several taps share are sums of at most k terms, in another order.
        np.testing.assert_allclose(ours, np.asarray(matrix.todense()), rtol=0, atol=40 * np.finfo(float).eps)
        modes.add(layer["mode"])
    assert modes == {*PADDING_MODES}


def link_of(layer):
    channels = layer["channels"]
    explored = ExploredLayer(
        geometry_of(layer), tuple(layer["y"]), tuple(layer["a"]), (channels[0], channels[1]), layer["bias"]
    )
    return explored.link
