"""Layers exported to ONNX by jax2onnx within `jtconv.lax_only`, and how far their results in onnxruntime are off.

    pip install '.[onnx]'
    python -m benchmarks.onnx_export                                      # --help tells what can be chosen
    python -m benchmarks.onnx_export --network --out benchmarks/results/tools/onnx.json
    python -m benchmarks.onnx_export --table benchmarks/results/tools/onnx.json

Each of the layers that `jtconv verify` checks, Cᵀ by "auto" and by "overlap_add", and C, for a fixed batch and an open
one, in float32. With `--network` the article's FCN-8 of 21 classes too, 135 million drawn parameters, at 224×224.
"""

import argparse
import importlib.metadata
import json
import logging
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx

from jtconv import ConvGeometry, conv, conv_transpose, lax_only
from jtconv._verify.layers import LAYERS, Layer
from jtconv.bench._machine import describe
from jtconv.bench._markdown import Column, tabulate
from jtconv.models import FCN8

PACKAGES = ("jax2onnx", "onnx", "onnxruntime")
BATCH = 2
OPEN = "b"


class Export(NamedTuple):
    """A function of one array, and where it stands in the table."""

    row: str
    column: str
    function: Callable[[Any], Any]
    shape: tuple[int, ...]
    batch: int | str


class Cell(NamedTuple):
    """What came of one export: an error and the operators that compute, or why there is none."""

    row: str
    column: str
    error: float | None
    operators: list[str]
    stopped: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.onnx_export", description="Export layers to ONNX, and compare their results."
    )
    parser.add_argument("--network", action="store_true", help="export the article's FCN-8, too")
    parser.add_argument("--out", type=Path, help="write the result here, as JSON")
    parser.add_argument("--table", type=Path, help="print the table of a saved result, and export nothing")
    given = parser.parse_args(arguments)
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return 0
    exports = [export for layer in LAYERS for export in exports_of(layer)] + (networks() if given.network else [])
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    machine = {name: value for name, value in describe("float32").items() if name not in ("equinox", "keras", "torch")}
    result = {"machine": machine | versions, "cells": [measure(export)._asdict() for export in exports]}
    if given.out:
        given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(table(result))
    return 0


def exports_of(layer: Layer) -> list[Export]:
    """The exports of one layer."""
    spec = ConvGeometry(layer.kernel_shape[:-2], **layer.geometry).at(layer.input_size)
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal(layer.kernel_shape, np.float32)
    x_shape = (*layer.input_size, layer.kernel_shape[-2] * spec.groups)
    y_shape = (*spec.output_size, layer.kernel_shape[-1])
    up = partial(conv_transpose, kernel=kernel, output_size=layer.input_size, **layer.geometry)
    maps = {
        "Cᵀ": (up, y_shape),
        'Cᵀ "overlap_add"': (partial(up, method="overlap_add"), y_shape),
        "C": (partial(conv, kernel=kernel, **layer.geometry), x_shape),
    }
    return [
        Export(layer.name, f"{name}{', open batch' if batch == OPEN else ''}", function, shape, batch)
        for name, (function, shape) in maps.items()
        for batch in (BATCH, OPEN)
        if (name, batch) != ('Cᵀ "overlap_add"', OPEN)
    ]


def networks() -> list[Export]:
    """The article's FCN-8, with an open batch."""
    network = FCN8.article(21, rngs=nnx.Rngs(0))
    network.eval()
    return [Export("FCN-8 of the article, 224×224", "Cᵀ, open batch", network, (224, 224, 3), OPEN)]


def measure(export: Export) -> Cell:
    """Export, run in onnxruntime, and compare with the function itself."""
    import onnxruntime  # pyright: ignore[reportMissingImports]

    array = np.random.default_rng(1).standard_normal((BATCH, *export.shape), np.float32)
    try:
        program, operators = exported(export)
        session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
        (got,) = session.run(None, {session.get_inputs()[0].name: array})
    except Exception as error:  # of as many kinds as jax2onnx, JAX and onnxruntime have
        return Cell(export.row, export.column, None, [], f"{type(error).__name__}: {str(error).splitlines()[0]}")
    expected = np.asarray(jax.jit(lambda array: export.function(array))(array))
    if got.shape != expected.shape:
        raise AssertionError(f"{export.row}, {export.column}: {got.shape} is not {expected.shape}")
    return Cell(export.row, export.column, float(abs(got - expected).max() / abs(expected).max()), operators)


def exported(export: Export) -> tuple[bytes, list[str]]:
    """The file's content, and the operators in it that multiply."""
    with warnings.catch_warnings(), lax_only():
        warnings.simplefilter("ignore")  # jax2onnx's own
        from jax2onnx import to_onnx  # pyright: ignore[reportMissingImports]

        logging.getLogger("onnx_ir").setLevel(logging.ERROR)
        model = to_onnx(export.function, [(export.batch, *export.shape)], return_mode="proto")
    found = sorted({node.op_type for node in model.graph.node} & {"Conv", "ConvTranspose", "Einsum", "MatMul"})
    return model.SerializeToString(), found


def _cell(column: str) -> Column:
    def text(row: dict[str, Any]) -> str:
        if column not in row:
            return ""
        error = row[column]["error"]
        return "stops" if error is None else f"{error:.0e}" if error else "0"

    return Column(column, text)


COLUMNS = ("Cᵀ", "Cᵀ, open batch", 'Cᵀ "overlap_add"', "C", "C, open batch")


def table(result: dict[str, Any]) -> str:
    """Markdown: the largest error of each layer, by the largest value; and what stopped those that have none."""
    rows: dict[str, dict[str, Any]] = {}
    for cell in result["cells"]:
        rows.setdefault(cell["row"], {"layer": cell["row"]})[cell["column"]] = cell
    columns = [
        Column("layer", lambda row: row["layer"]),
        Column(
            "operators",
            lambda row: ", ".join(
                sorted({name for c in COLUMNS for name in row.get(c, {}).get("operators", []) if c != COLUMNS[2]})
            ),
        ),
        *map(_cell, COLUMNS),
    ]
    machine = result["machine"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("jax", *PACKAGES))
    stops = sorted({cell["stopped"] for cell in result["cells"] if cell["stopped"]})
    reasons = "".join(f"\n- {reason}" for reason in stops)
    return f"{tabulate(columns, rows.values())}\n\n{machine['date']}, {versions}, float32. What stops:\n{reasons}"


if __name__ == "__main__":
    raise SystemExit(main())
