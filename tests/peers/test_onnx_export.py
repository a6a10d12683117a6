"""Layers and networks exported by jax2onnx, scored in onnxruntime."""

import dataclasses
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
import onnxruntime
import pytest
from fcn_helpers import quick_float32
from fcn_models import SETTINGS, drawn_image, drawn_model, scores_alone
from flax import linen, nnx
from numpy.testing import assert_array_equal
from PIL import Image

import jtconv.linen
from benchmarks.onnx_export import OPEN, Export, exports_of, measure
from experiments.fcn import export_onnx
from experiments.fcn.__main__ import main
from experiments.fcn.saved_model import save_model
from jtconv import METHODS, conv, conv_transpose, lax_only
from jtconv._verify.layers import LAYERS
from jtconv.models._inference import classes_of
from jtconv.nn import Conv, ConvTranspose

MAX_ERROR = 1e-5  # of the largest value
SIZE = (64, 96)
PICTURES = {"whole": SIZE, "smaller": (33, 65), "larger": (70, 200)}


def stops(layer, export):
    """What jax2onnx 0.17.1 knows no form of: convolutions of three axes, and lax.pad of an open batch, which folds."""
    convolves = "overlap_add" not in export.column
    folds = export.column.startswith("Cᵀ") and layer.geometry.get("padding_mode", "zeros") != "zeros"
    return (convolves and len(layer.input_size) == 3) or (folds and export.batch == OPEN)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_layers(layer):
    for export in exports_of(layer):
        cell = measure(export)
        assert (cell.error is None) == stops(layer, export), cell
        if cell.error is not None:
            assert cell.error <= MAX_ERROR, cell
        if cell.error is not None and max(np.ravel(layer.geometry.get("strides", 1))) > 1 and export.column == "Cᵀ":
            assert "ConvTranspose" in cell.operators


@pytest.mark.parametrize("method", METHODS)
def test_methods(method):
    """A fixed batch by every method but "vjp", whose order of axes jax2onnx 0.17.1 does not know; and an open one."""
    kernel = np.random.default_rng(0).standard_normal((4, 3, 2, 5), np.float32)
    up = partial(conv_transpose, kernel=kernel, strides=(2, 3), padding=1, method=method)
    fixed, free = (measure(Export("", "", up, (5, 6, 5), batch)) for batch in (2, OPEN))
    assert (fixed.error is None) == (method == "vjp"), fixed
    assert (free.error is not None) == (method in ("auto", "lax", "polyphase")), free
    for cell in (fixed, free):
        assert cell.error is None or cell.error <= MAX_ERROR


def test_layers_of_flax():
    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            return jtconv.linen.ConvTranspose(3, (4, 4), strides=2, padding=1)(x)

    with quick_float32():
        layers = nnx.Sequential(
            Conv(5, 4, (3, 3), padding=1, rngs=nnx.Rngs(0)),
            nnx.relu,
            ConvTranspose(4, 2, (4, 3), strides=(2, 3), padding=(1, 0), rngs=nnx.Rngs(1)),
        )
        x = np.zeros((1, 6, 7, 5), np.float32)
        net = Net().bind(Net().init(jax.random.key(0), x))
        for f in (layers, net):
            cell = measure(Export("", "", f, (6, 7, 5), OPEN))
            assert cell.error is not None, cell
            assert cell.error <= MAX_ERROR


def test_what_was_exported_is_not_found_in_the_next_block():
    """While jax2onnx traces, functions of its own stand in the place of JAX's."""
    x, kernel = (np.random.default_rng(0).standard_normal(s, np.float32) for s in ((2, 6, 7, 3), (3, 2, 3, 4)))
    f = partial(conv, kernel=kernel, padding=1, padding_mode="circular")
    assert measure(Export("", "", f, x.shape[1:], len(x))).error is not None
    with lax_only():
        np.testing.assert_allclose(f(x), jax.jit(f)(x), rtol=1e-4, atol=1e-4)


def test_the_page_runs():
    text = (Path(__file__).parents[2] / "docs/concepts/exporting.md").read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```(py|python)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))
    assert [block[1] for block in blocks].count("py") == 1
    names = {"__name__": "__main__"}
    with quick_float32(), export_onnx.quiet():
        for block in blocks:
            exec(compile("\n" * text[: block.start(2)].count("\n") + block[2], "exporting.md", "exec"), names)


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def run(request, tmp_path_factory):
    """The files that a finished run leaves of its model, and the model in float32."""
    folder = tmp_path_factory.mktemp("run")
    with quick_float32():
        save_model(drawn_model(), dataclasses.replace(SETTINGS, dtype=request.param), folder)
        yield folder, drawn_model()


def test_a_network_with_any_batch():
    with quick_float32():
        model = drawn_model()
        program = export_onnx.onnx_program(model, SIZE)
        session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
        assert b"/tests" not in program
        assert str(os.getcwd()).encode() not in program  # no file of this machine is named
        for n in (1, 3):
            extents = np.array([SIZE, (33, 65), (1, 96)][:n], np.int32)
            pictures = np.zeros((n, *SIZE, 3), np.uint8)
            for picture, (h, w) in zip(pictures, extents, strict=True):
                picture[:h, :w] = drawn_image(h, w)
            classes, scores = session.run(["classes", "scores"], {"pictures": pictures, "extents": extents})
            assert classes.dtype == np.uint8
            for i, (h, w) in enumerate(extents):
                expected = scores_alone(model, drawn_image(h, w))
                assert abs(scores[i, :h, :w] - expected).max() <= MAX_ERROR * abs(expected).max()
                assert_array_equal(classes[i, :h, :w], expected.argmax(-1))


def test_the_command_and_the_script_without_jax(run, tmp_path, capsys):
    folder, model = run
    for name, size in PICTURES.items():
        Image.fromarray(drawn_image(*size)).save(tmp_path / f"{name}.png")
    out = tmp_path / "exported"
    with quick_float32():
        assert main(["export", str(folder), "--format", "onnx", "--out", str(out), "--size", *map(str, SIZE)]) == 0
        assert "0 of 12,288 pixels of drawn pictures have another class" in capsys.readouterr().out
        own = dict(zip(PICTURES, classes_of(model, [drawn_image(*size) for size in PICTURES.values()]), strict=True))
    assert {file.name for file in out.iterdir()} == {"export.json", "model.onnx", "run_exported.py"}
    hide = (
        "import runpy, sys\n"
        "sys.modules |= dict.fromkeys(['jax', 'jtconv', 'experiments', 'flax', 'jax2onnx', 'onnx'])\n"
        f"runpy.run_path({str(out / 'run_exported.py')!r}, run_name='__main__')\n"
    )
    pictures = [str(tmp_path / f"{name}.png") for name in PICTURES]
    command = [sys.executable, "-P", "-c", hide, *pictures, "--out", str(tmp_path / "found")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, size in PICTURES.items():
        found = np.asarray(Image.open(tmp_path / "found" / f"{name}.png"))
        assert found.shape == size
        assert len(np.unique(found)) > 1
        if name != "larger":  # which is taken in tiles
            assert_array_equal(found, own[name], err_msg=name)


def test_a_damaged_file_and_a_missing_package_are_one_line(run, tmp_path):
    folder, _ = run
    with quick_float32():
        assert main(["export", str(folder), "--format", "onnx", "--out", str(tmp_path), "--size", "32", "32"]) == 0
    program, about, script = (tmp_path / name for name in ("model.onnx", "export.json", "run_exported.py"))

    def refusal(before=""):
        code = f"import runpy, sys\n{before}\nrunpy.run_path({str(script)!r}, run_name='__main__')"
        command = [sys.executable, "-c", code, "x.png", "--out", str(tmp_path / "found")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        return done.stderr

    assert refusal("sys.modules['onnxruntime'] = None").startswith("onnxruntime is not installed")
    whole = about.read_text()
    about.write_text(whole.replace("32", "64"))
    assert "export.json is damaged" in refusal()
    about.write_text(whole)
    program.write_bytes(program.read_bytes()[:-1])
    error = refusal()
    assert "model.onnx is damaged (its digest differs)" in error
    assert "Traceback" not in error
