"""`benchmarks/onnx_export.py`: the saved result, which the documentation quotes; tests/peers exports anew."""

import json
from pathlib import Path

from benchmarks.onnx_export import exports_of, main
from jtconv._verify.layers import LAYERS

SAVED = Path(__file__).parents[1] / "benchmarks/results/tools/onnx.json"


def test_every_layer_is_in_the_saved_result_within_its_bound(capsys):
    cells = {(cell["row"], cell["column"]): cell for cell in json.loads(SAVED.read_text())["cells"]}
    assert {(export.row, export.column) for layer in LAYERS for export in exports_of(layer)} < cells.keys()
    for cell in cells.values():
        assert (cell["error"] is None) == bool(cell["stopped"])
        assert cell["error"] is None or cell["error"] <= 1e-5
    assert main(["--table", str(SAVED)]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {layer.name} |" in printed for layer in LAYERS)
    assert "| FCN-8 of the article, 224×224 | Conv, ConvTranspose |" in printed
