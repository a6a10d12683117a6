"""The exported program, run in a process that lacks this project."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from fcn_models import CLASSES, SETTINGS, drawn_image, drawn_model, scores_alone
from numpy.testing import assert_array_equal
from PIL import Image

from experiments.fcn.__main__ import main
from experiments.fcn.data.reading import read_image
from experiments.fcn.export import export_program
from experiments.fcn.run_exported import Network, read_picture, results_of
from jtconv.models._model import arrays_of

SIZE = (64, 96)
ROOT = Path(__file__).parents[2]


pytestmark = pytest.mark.usefixtures("single_precision")


@pytest.fixture
def exported(run, tmp_path):
    size = [str(side) for side in SIZE]
    assert main(["export", str(run), "--out", str(tmp_path / "exported"), "--size", *size]) == 0
    return tmp_path / "exported"


def test_the_script_finds_the_classes_of_the_model_without_the_project(exported, tmp_path, model):
    sizes = {"whole": SIZE, "smaller": (33, 65), "larger": (70, 200)}
    for name, size in sizes.items():
        Image.fromarray(drawn_image(*size)).save(tmp_path / f"{name}.png")
    script = exported / "run_exported.py"
    # The project may be installed: a finder that hides it makes sure that it is not imported.
    hide = (
        "import runpy, sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('jtconv', 'experiments', 'flax'):\n"
        "            raise ImportError(name + ' is hidden')\n"
        "sys.meta_path.insert(0, Hide())\n"
        f"sys.path = [each for each in sys.path if each != {str(ROOT)!r}]\n"  # of an editable install
        f"sys.argv = ['run_exported.py', *sys.argv[1:]]\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')\n"
    )
    pictures = [str(tmp_path / f"{name}.png") for name in sizes]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-P", "-c", hide, *pictures, "--out", str(tmp_path / "found")]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    for name, size in sizes.items():
        picture = Image.open(tmp_path / "found" / f"{name}.png")
        assert picture.mode == "P"
        assert (picture.getpalette() or [])[6:9] == [0xCC, 0x00, 0x10]
        found = np.asarray(picture)
        assert found.shape == size
        assert len(np.unique(found)) > 1
        if name != "larger":
            assert_array_equal(found, scores_alone(model, drawn_image(*size)).argmax(-1), err_msg=name)
    assert json.loads((exported / "export.json").read_text())["classes"] == list(CLASSES.names)


def test_the_program_is_for_all_platforms_and_any_batch_and_calls_no_kernel_of_ours(model):
    program = export_program(model, SIZE)
    assert program.platforms == ("cpu", "cuda", "tpu")
    assert not isinstance(program.in_avals[-1].shape[0], int)
    assert str(program.in_avals[-2].shape) == "(b, 32*h, 32*w, 3)"
    assert str(ROOT).encode() not in bytes(program.serialize())
    calls = set(re.findall(r"custom_call @(\w+)", program.mlir_module()))
    assert calls <= {"shape_assertion"}  # which JAX resolves for the batch at hand


def test_the_program_takes_pictures_of_other_sizes(model):
    program = jax.jit(export_program(model, SIZE).call)
    for size in ((32, 64), (96, 32)):
        pictures = np.stack([drawn_image(*size, seed) for seed in (0, 1)])
        found = program(arrays_of(model), pictures, np.full((2, 2), size, np.int32))
        for picture, classes in zip(pictures, found, strict=True):
            assert_array_equal(classes, scores_alone(model, picture).argmax(-1))


def test_the_size_is_fixed_where_the_network_pads_around_the_picture():
    padding = drawn_model(settings=dataclasses.replace(SETTINGS, first_padding=100, head_kernel=7))
    assert export_program(padding, SIZE).in_avals[-2].shape[1:] == (*SIZE, 3)


def test_the_script_computes_tiles_that_the_program_takes(exported):
    about = json.loads((exported / "export.json").read_text())
    (exported / "export.json").write_text(json.dumps(about | {"size": [32, 32]}))
    assert Network(exported)(drawn_image(40, 70)).shape == (40, 70)
    for size in ([33, 64], [0, 32], [32.0, 32], [32]):
        (exported / "export.json").write_text(json.dumps(about | {"size": size}))
        with pytest.raises(ValueError, match=r"damaged|zip\(\)"):
            Network(exported)


@pytest.mark.parametrize("size", [("0", "32"), ("64", "33"), ("-32", "32")])
def test_sizes_out_of_bounds_are_refused(tmp_path, capsys, size):
    assert main(["export", str(tmp_path), f"--out={tmp_path / 'out'}", "--size", *size]) == 2
    assert "`size` must be two multiples of 32" in capsys.readouterr().err


def pictures_of_all_kinds(folder):
    """Files that hold a picture of 5×3 in one of Pillow's modes each."""
    colours = Image.fromarray(drawn_image(5, 3))
    made = {mode: colours.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")}
    made["I;16"] = Image.fromarray(np.linspace(0, 65535, 15).astype(np.uint16).reshape(5, 3))
    for mode, picture in made.items():
        file = folder / f"{mode.replace(';', '')}.{'tif' if mode == 'CMYK' else 'png'}"
        picture.save(file)
        yield file


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_script_reads_pictures_as_predict_does(tmp_path, channels):
    for file in pictures_of_all_kinds(tmp_path):
        assert_array_equal(read_picture(file, channels), read_image(file, channels), err_msg=file.name)


def test_the_script_refuses_pictures_whose_range_is_unknown(tmp_path):
    for i, values in enumerate([np.full((2, 3), 0.5, np.float32), np.full((2, 3), 65536, np.int32)]):
        Image.fromarray(values).save(tmp_path / f"{i}.tif")
        with pytest.raises(ValueError, match="neither 8 nor 16 bits"):
            read_picture(tmp_path / f"{i}.tif", 3)


def test_the_script_writes_over_nothing(tmp_path):
    one, other = tmp_path / "x" / "a.jpg", tmp_path / "y" / "a.png"
    assert results_of([one, one], tmp_path / "out") == {tmp_path / "out" / "a.png": one}
    with pytest.raises(ValueError, match="would both become"):
        results_of([one, other], tmp_path / "out")
    with pytest.raises(ValueError, match="is a picture"):
        results_of([other], tmp_path / "x" / ".." / "y")


def test_onnx_without_jax2onnx_is_one_line_that_says_what_to_install(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    assert main(["export", str(run), "--format", "onnx", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error == "`format` onnx needs jax2onnx, which is not installed: pip install '.[onnx]'.\n"
    assert not (tmp_path / "out").exists()
