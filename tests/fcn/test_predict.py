"""Large pictures in tiles, and `predict` from the command line: files in, files out."""

import errno
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fcn_models import CLASSES, drawn_image, drawn_model
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from experiments.fcn import predict as predict_module
from experiments.fcn.__main__ import main
from experiments.fcn.class_pictures import OPACITY
from experiments.fcn.data.reading import read_image
from experiments.fcn.task import Classes
from jtconv.models import _tiling as tiling_module
from jtconv.models._inference import classes_of, scores_of
from jtconv.models._tiling import Tiling, classes_by_tiles, spans

REACH = 126  # how far a score sees: conv6 3×3 at every 32nd pixel, and what is around it; measured below


pytestmark = pytest.mark.usefixtures("single_precision")


# --- tiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [0, 32, 64])
def test_weights_add_up_to_one_and_tiles_lie_on_the_grid(overlap):
    tiling = Tiling(128, overlap)
    for length in range(1, 700):
        total, done = np.zeros(length), 0
        for span in spans(length, tiling):
            assert span.start % 32 == 0
            assert span.stop - span.start <= 128
            assert span.start <= span.first
            assert span.last <= span.stop
            margin = overlap // 4
            assert span.first == 0 or span.first - span.start >= margin
            assert span.last == length or span.stop - span.last >= margin
            total[span.first : span.last] += span.weights
            assert done <= span.done
            assert_allclose(total[done : span.done], 1, rtol=1e-6)
            done = span.done
        assert done == length


def test_the_reach_of_a_score(model):
    image = drawn_image(64, 544)
    other = image.copy()
    other[:, 288:] = 255 - other[:, 288:]
    differing = np.flatnonzero((scores_of(model, image) != scores_of(model, other)).any((0, 2)))
    assert 64 < 288 - differing[0] <= REACH


def test_tiles_give_the_classes_of_the_whole_picture_where_overlaps_are_wide(model):
    image = drawn_image(40, 2600)
    whole = next(classes_of(model, [image]))
    tiled = classes_by_tiles(model, image, Tiling(1024, 512))  # a quarter of the overlap is 128
    assert_array_equal(tiled, whole)
    assert len(np.unique(whole)) > 1


def test_tiles_give_the_classes_of_the_whole_picture_where_the_reach_fits(model):
    """Both axes, and a narrow overlap: where every tile that counts sees all that the score sees."""
    image, tiling = drawn_image(330, 517), Tiling(320, 64)
    whole = next(classes_of(model, [image]))
    tiled = classes_by_tiles(model, image, tiling)
    exact = np.ix_(*(inside(length, tiling) for length in image.shape[:2]))
    assert whole[exact].size > 10_000
    assert_array_equal(tiled[exact], whole[exact])
    assert (tiled != whole).any()  # elsewhere a tile's edge is seen


def inside(length, tiling):
    fits = np.ones(length, bool)
    pixels = np.arange(length)
    for span in spans(length, tiling):
        counts = (span.first <= pixels) & (pixels < span.last)
        low = (span.start == 0) | (pixels - span.start >= REACH)
        high = (span.stop == length) | (span.stop - pixels > REACH)
        fits &= ~counts | (low & high)
    return fits


def test_scores_change_smoothly_across_a_seam(monkeypatch):
    """Tiles that disagree by a constant: the blend goes from one to the other in even steps."""
    seen = []
    nobody: Any = None

    def scores_of_tile(model, tile):
        seen.append(tile.shape[:2])
        return np.stack([tile[..., 0] * 0.0, np.full(tile.shape[:2], len(seen) * 100.0)], -1).astype(np.float32)

    monkeypatch.setattr(tiling_module, "scores_of", scores_of_tile)
    (row,) = spans(20, Tiling(128, 64))
    parts = [x for _, x in tiling_module.blended_in_row(nobody, np.zeros((20, 190, 1)), row, Tiling(128, 64))]
    assert seen == [(20, 128), (20, 126)]
    line = np.concatenate(parts, axis=1)[0, :, 1]
    assert (line[0], line[-1], len(line)) == (100, 200, 190)
    assert_allclose(np.diff(line)[np.diff(line) > 0], [50 / 32, *[100 / 32] * 31, 50 / 32], rtol=1e-3)


def test_each_of_four_tiles_that_disagree_has_its_quarter(model, monkeypatch):
    tile_of = iter(range(4))

    def one_class(model, tile):
        return np.broadcast_to(np.eye(4, dtype=np.float32)[next(tile_of)], (*tile.shape[:2], 4)).copy()

    monkeypatch.setattr(tiling_module, "scores_of", one_class)
    found = classes_by_tiles(model, np.zeros((170, 190, 3), np.uint8), Tiling(128, 64))
    rows, columns = np.arange(170)[:, None] >= 96, np.arange(190) >= 96  # both start again at 64
    assert_array_equal(found, 2 * rows + columns)


def test_a_wide_picture_takes_little_more_memory_than_itself(monkeypatch):
    n = 40
    classes = Classes(tuple(map(str, range(n))), ("#000000",) * n)
    one = drawn_model(classes=classes)
    monkeypatch.setattr(tiling_module, "scores_of", lambda model, tile: np.zeros((*tile.shape[:2], n), np.float32))
    image = np.broadcast_to(np.uint8(7), (600, 8_000, 3))
    tracemalloc.start()
    found = classes_by_tiles(one, image, Tiling(256, 64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (600, 8_000)
    scores_of_all = 600 * 8_000 * n * 4
    blended_rows, tile = 2 * 32 * 8_000 * n * 4, 4 * 256 * 256 * n * 4
    assert peak < found.nbytes + blended_rows + tile + 2**20 < scores_of_all / 5


@pytest.mark.parametrize(("tile", "overlap"), [(100, 32), (0, 0), (128, 96), (128, -32), (128, 30)])
def test_tilings_out_of_bounds_are_refused(run, tmp_path, capsys, tile, overlap):
    arguments = ["predict", str(run), "x.png", "--out", str(tmp_path), f"--tile={tile}", f"--overlap={overlap}"]
    assert main(arguments) == 2
    assert "must be" in capsys.readouterr().err


# --- files -----------------------------------------------------------------------------------


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    (folder / "old").mkdir(parents=True)
    Image.fromarray(drawn_image(50, 70)).save(folder / "a.png")
    Image.fromarray(drawn_image(33, 65)).save(folder / "old" / "b.jpg")
    (folder / "notes.txt").write_text("no picture")
    (folder / "._a.png").write_bytes(b"a note of macOS")
    return folder


def test_results_of_a_folder(run, scans, tmp_path, model, capsys):
    out = tmp_path / "out"
    assert main(["predict", str(run), str(scans), "--out", str(out)]) == 0
    assert "2 of 2 pictures" in capsys.readouterr().out
    names = ["a", "old/b"]
    expected = {out / f"{name}{end}.png" for name in names for end in ("", "_colour", "_overlay")}
    assert {file for file in out.rglob("*") if file.is_file()} == expected
    for name, file in zip(names, [scans / "a.png", scans / "old" / "b.jpg"], strict=True):
        image = read_image(file, 3)
        classes = next(classes_of(model, [image]))
        index = Image.open(out / f"{name}.png")
        assert index.mode == "P"
        assert_array_equal(np.asarray(index), classes)
        colours = np.array([list(bytes.fromhex(c[1:])) for c in CLASSES.colours])
        assert_array_equal(np.asarray(Image.open(out / f"{name}_colour.png")), colours[classes])
        over = np.asarray(Image.open(out / f"{name}_overlay.png")).astype(float)
        mixed = np.where((classes == 0)[..., None], image, (1 - OPACITY) * image + OPACITY * colours[classes])
        assert np.abs(over - mixed).max() <= 0.5 + 1e-4


def test_a_picture_at_fault_is_reported_and_passed_over(run, scans, tmp_path, capsys):
    (scans / "c.png").write_bytes((scans / "a.png").read_bytes()[:200])
    inputs = [str(scans / "*.png"), str(scans / "missing.png"), str(scans / "old")]
    assert main(["predict", str(run), *inputs, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "2 of 4 pictures" in said.out
    assert "c.png is damaged" in said.err
    assert "missing.png does not exist" in said.err
    assert {file.name for file in (tmp_path / "out").glob("?.png")} == {"a.png", "b.png"}


def test_no_inputs_are_refused(run, tmp_path, capsys):
    assert main(["predict", str(run), "--out", str(tmp_path / "out")]) == 2
    assert "`INPUT` must be at least one" in capsys.readouterr().err


def test_inputs_without_pictures_are_refused(run, tmp_path, capsys):
    assert main(["predict", str(run), str(tmp_path / "*.tif"), "--out", str(tmp_path / "out")]) == 2
    assert "*.tif holds no pictures" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_results_are_not_written_over_each_other(run, scans, tmp_path, capsys):
    Image.fromarray(drawn_image(33, 65, seed=1)).save(scans / "a.bmp")
    out = tmp_path / "out"
    assert main(["predict", str(run), str(scans / "a.*"), "--out", str(out)]) == 0
    assert {file.name for file in out.glob("?_???.png")} == {"a_bmp.png", "a_png.png"}
    assert main(["predict", str(run), str(scans), str(scans / "a.png"), "--out", str(out)]) == 0  # once
    (scans / "old" / "a.png").write_bytes((scans / "a.png").read_bytes())
    both = [str(scans / "a.png"), str(scans / "old" / "a.png")]
    assert main(["predict", str(run), *both, "--out", str(out)]) == 2
    assert "would have the same results" in capsys.readouterr().err


def test_predict_without_a_model_is_refused(scans, tmp_path, capsys):
    assert main(["predict", str(tmp_path), str(scans), "--out", str(tmp_path / "out")]) == 2
    assert "model.json is missing" in capsys.readouterr().err


@pytest.mark.parametrize("given", [".", "*.png", "a.png"])
def test_pictures_are_never_replaced_by_results(run, scans, monkeypatch, capsys, given):
    before = {file: file.read_bytes() for file in scans.rglob("*") if file.is_file()}
    monkeypatch.chdir(scans)
    assert main(["predict", str(run), given, "--out", str(scans)]) == 2
    assert "choose another --out" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in scans.rglob("*") if file.is_file()} == before


def test_results_below_a_folder_of_pictures_are_not_predicted(scans):
    (scans / "found" / "old").mkdir(parents=True)
    Image.fromarray(drawn_image(3, 5)).save(scans / "found" / "old" / "b.png")
    wanted = list(predict_module.wanted([str(scans)], scans / "found"))
    assert [x.name for x in wanted] == ["a", "old/b"]
    assert len(list(predict_module.wanted([str(scans)], Path("elsewhere")))) == 3


def test_a_picture_that_is_called_like_a_result_is_refused(run, scans, tmp_path, capsys):
    Image.fromarray(drawn_image(3, 5)).save(scans / "a_colour.png")
    assert main(["predict", str(run), str(scans), "--out", str(tmp_path / "out")]) == 2
    assert "would have the same results" in capsys.readouterr().err


def test_a_full_disk_ends_it(run, scans, tmp_path, capsys, monkeypatch):
    tried = []

    def full(picture, file):
        tried.append(file)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(predict_module, "save_whole", full)
    assert main(["predict", str(run), str(scans), "--out", str(tmp_path / "out")]) == 2
    assert "No space left on device): free some space" in capsys.readouterr().err
    assert len(tried) == 1


def test_classes_that_are_hardly_there_are_not_named(model):
    classes = np.zeros((50, 100), np.uint8)
    classes[0, :3], classes[1, 0] = 3, 1
    assert predict_module.shares(classes, model) == "sky: 99.9 %, car: 0.1 %"


def test_three_classes_are_named_and_a_fourth_is_hinted_at(model):
    """Classes stand in the order of their shares."""
    classes = np.repeat(np.array([3, 1, 0, 2], np.uint8), [10, 20, 40, 30])[None]
    first, second, third, rest = predict_module.shares(classes, model).split(", ")
    names = model.classes.names
    assert (first, second, third) == (f"{names[0]}: 40.0 %", f"{names[2]}: 30.0 %", f"{names[1]}: 20.0 %")
    assert rest == "…"
