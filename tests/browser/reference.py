"""Random layers, in the page's words, and what this library says of each."""

import random
from typing import Any

import numpy as np

from jtconv._explain.explain import Explanation, explain
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.possible import nearest_possible
from jtconv._geometry.spec import ConvSpec, combine

Json = dict[str, Any]
MODES = ("zeros", "zeros", *PADDING_MODES)


def drawn_layers(n: int, seed: int = 0) -> list[Json]:
    """Layers of one and two axes, unequal on each; about a quarter are impossible."""
    rng = random.Random(seed)
    return [drawn_layer(rng) for _ in range(n)]


def drawn_layer(rng: random.Random) -> Json:
    ndim = rng.choice((1, 2))

    def each(low: int, high: int) -> list[int]:
        alike = rng.random() < 0.3
        one = rng.randint(low, high)
        return [one if alike else rng.randint(low, high) for _ in range(ndim)]

    s = each(1, 5)
    groups = rng.choice((1, 1, 1, 2, 3))
    channels = [groups * rng.randint(1, 40) for _ in range(2)]
    if rng.random() < 0.03:
        channels[rng.randint(0, 1)] += 1
    wild = rng.random() < 0.15
    return {
        "y": each(1, 7),
        "k": each(1, 6),
        "s": s,
        "p": drawn_padding(rng, ndim, each),
        "d": each(1, 3) if rng.random() < 0.4 else [1] * ndim,
        "a": each(-2, 6) if wild else [rng.choice((0, 0, rng.randint(0, step - 1))) for step in s],
        "g": groups,
        "mode": rng.choice(MODES),
        "channels": channels,
        "bias": rng.random() < 0.8,
    }


def drawn_padding(rng: random.Random, ndim: int, each: Any) -> Any:
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(("VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL"))
    if kind < 0.5:
        return [[p, p] for p in each(0, 4)]
    low, high = (-2, 3) if kind < 0.85 else (-6, 12)
    return [[rng.randint(low, high), rng.randint(low, high)] for _ in range(ndim)]


def geometry_of(layer: Json) -> ConvGeometry:
    return ConvGeometry(
        layer["k"],
        strides=layer["s"],
        padding=layer["p"],
        dilation=layer["d"],
        groups=layer["g"],
        padding_mode=layer["mode"],
    )


def expected(layer: Json) -> Json:
    """What `evaluate` of the page must give for the layer, as JSON."""
    geometry = geometry_of(layer)
    try:
        explanation = explain(
            layer["y"],
            layer["k"],
            **geometry.arguments(),
            output_padding=layer["a"],
            in_ch=layer["channels"][0],
            out_ch=layer["channels"][1],
            use_bias=layer["bias"],
        )
    except ValueError as error:
        return {"error": str(error), "nearest": expected_nearest(layer)}
    spec = geometry.at(explanation.transposed_size)
    sources = [spec.tap_source(axis) for axis in range(spec.ndim)]
    return {
        "spec": in_page_words(spec),
        "sources": [source.tolist() for source in sources],
        "counts": [list(counts) for counts in explanation.overlap],
        "even": list(explanation.is_even),
        "entries": expected_entries(spec, sources),
        "equivalents": expected_equivalents(explanation),
    }


def in_page_words(spec: ConvSpec) -> Json:
    return {
        "x": list(spec.input_size),
        "y": list(spec.output_size),
        "k": list(spec.kernel_size),
        "s": list(spec.strides),
        "d": list(spec.dilation),
        "pads": [list(pair) for pair in spec.pads],
        "g": spec.groups,
        "mode": spec.padding_mode,
    }


def expected_nearest(layer: Json) -> Json:
    near, a = nearest_possible(geometry_of(layer), layer["y"], layer["a"])
    groups = layer["g"]
    return {
        **layer,
        "p": near.padding if isinstance(near.padding, str) else [list(pair) for pair in near.padding],
        "a": list(a),
        "mode": near.padding_mode,
        "channels": [-(-count // groups) * groups for count in layer["channels"]],
    }


def expected_entries(spec: ConvSpec, sources: list[np.ndarray]) -> Json:
    columns = combine(sources, spec.input_size)
    rows, taps = np.nonzero(columns >= 0)
    return {
        "rows": rows.tolist(),
        "columns": columns[rows, taps].tolist(),
        "taps": taps.tolist(),
        "shape": [int(np.prod(spec.output_size)), int(np.prod(spec.input_size))],
    }


def expected_equivalents(explanation: Explanation) -> Json:
    return {
        name: {
            "call": said.call,
            "kernelShape": list(said.kernel_shape),
            "kernelReversed": said.kernel_reversed,
        }
        if said.call is not None
        else {"reason": said.reason}
        for name, said in explanation.equivalents.items()
    }
