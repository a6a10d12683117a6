"""Scores and their tables, pictures of any size, the saved model, the page; `evaluate` from the command line."""

import json
import re
import shutil
from html.parser import HTMLParser
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from fcn_models import CLASSES, SETTINGS, drawn_image, drawn_model, scores_alone
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn import metrics as sk

from experiments.errors import UserError
from experiments.fcn import pictures
from experiments.fcn.__main__ import main
from experiments.fcn.config import Network
from experiments.fcn.html_report import Page, save_page
from experiments.fcn.inference import bucket, classes_of, compute, padded, scores_of, within
from experiments.fcn.metrics import confusion_matrix, scores
from experiments.fcn.model import arrays_of
from experiments.fcn.report import class_table, confusion_table, extremes, save_scores, tables
from experiments.fcn.saved_model import ARRAYS, DESCRIPTION, load_model, save_model
from experiments.fcn.task import IGNORE, Classes, Sample

SIZES = [(50, 70), (64, 96), (1, 1), (97, 31), (33, 65)]


pytestmark = pytest.mark.usefixtures("single_precision")


def programs():
    """How many are compiled."""
    jitted: Any = compute
    return jitted._cache_size()


# --- scores ----------------------------------------------------------------------------------


@pytest.mark.parametrize("background", [None, 2])
def test_scores_are_those_of_scikit_learn(background):
    rng = np.random.default_rng(5)
    truth = rng.choice([0, 1, 2, 3, IGNORE], (37, 53), p=[0.1, 0.2, 0.5, 0.05, 0.15])
    guess = np.where(rng.random(truth.shape) < 0.7, truth, rng.choice(4, truth.shape)) % IGNORE
    classes = Classes(("a", "b", "c", "d", "nowhere"), ("#000000",) * 5, background)
    result = scores(confusion_matrix(truth, guess, 5), classes)

    true, as_class = truth[truth != IGNORE], guess[truth != IGNORE]
    each: Any = None  # the average that is none
    iou = np.asarray(sk.jaccard_score(true, as_class, average=each, labels=range(4)))
    assert_allclose(result.class_iou, [*iou, np.nan], rtol=1e-12)
    assert_allclose(result.mean_iou, sk.jaccard_score(true, as_class, average="macro"), rtol=1e-12)
    assert_allclose(result.frequency_weighted_iou, sk.jaccard_score(true, as_class, average="weighted"), rtol=1e-12)
    assert_allclose(result.pixel_accuracy, sk.accuracy_score(true, as_class), rtol=1e-12)
    assert_allclose(result.mean_accuracy, sk.balanced_accuracy_score(true, as_class), rtol=1e-12)
    accuracy = np.asarray(sk.recall_score(true, as_class, average=each, labels=range(4)))
    assert_allclose(result.class_accuracy, [*accuracy, np.nan], rtol=1e-12)
    assert_allclose(result.class_share, [*(np.mean(true == c) for c in range(4)), 0], rtol=1e-12)
    foreground = [value for c, value in enumerate(iou) if c != background]
    assert_allclose(result.foreground_iou, np.mean(foreground), rtol=1e-12)


def test_scores_of_nothing_are_not_zero(tmp_path):
    confusion = confusion_matrix(np.full((3, 4), IGNORE), np.zeros((3, 4), np.uint8), 4)
    result = scores(confusion, CLASSES)
    assert np.isnan([*result.class_share, result.pixel_accuracy, result.frequency_weighted_iou, result.mean_iou]).all()
    save_scores(result, confusion, CLASSES, tmp_path / "scores.json")
    saved = json.loads((tmp_path / "scores.json").read_text())
    assert saved["pixel_accuracy"] is saved["frequency_weighted_iou"] is saved["class_share"]["tree"] is None
    assert "pixel accuracy nan" in tables(result, confusion, CLASSES)


# --- pictures of any size --------------------------------------------------------------------


@pytest.mark.parametrize(("decoder", "size"), [("fcn2", (97, 257)), ("fcn32", (270, 290))])
def test_scores_of_any_size_are_those_of_the_picture_alone(decoder, size):
    settings = Network(decoder=decoder, width=2, depths=(1,) * 5, head_ch=4, head_kernel=7, decoder_ch=5, overlap=2)
    one = drawn_model(settings=settings)
    image = drawn_image(*size)
    expected = scores_alone(one, image)
    # float32, some 15 layers of sums of up to 200 terms in another order
    assert_allclose(scores_of(one, image), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_first_padding_beyond_the_kernel_leaves_pictures_at_their_size():
    settings = Network(width=1, depths=(1,) * 5, first_padding=100, head_ch=2, head_kernel=7, decoder_ch=3)
    one = drawn_model(settings=settings)
    assert bucket(one, 50, 70) == (50, 70)
    image = drawn_image(50, 70)
    expected = scores_alone(one, image)
    assert_allclose(scores_of(one, image), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_mixed_sizes_come_back_in_order_from_few_programs(model):
    sizes = SIZES + [(33 + i, 66 + i) for i in range(12)]
    images = [drawn_image(*size, seed=i) for i, size in enumerate(sizes)]
    before = programs()
    found = list(classes_of(model, images))
    assert programs() - before == 3  # 64×96, 32×32, 128×32
    for image, classes in zip(images[:5], found[:5], strict=True):
        assert_array_equal(classes, scores_alone(model, image).argmax(-1))
    assert [classes.shape for classes in found] == sizes


def test_what_is_within_a_wide_picture():
    """Where sizes, multiplied, are beyond 32 bits."""
    inside = within(jnp.ones((1, 1, 2**16, 1)), (32, 2**17), jnp.array([[32, 100_000]], jnp.int32))
    assert_array_equal(np.flatnonzero(inside), np.arange(50_000))


def test_sizes_are_bounded_in_number_and_in_waste():
    sides = {padded(n) for n in range(1, 1025)}
    assert len(sides) == 16
    assert all(side % 32 == 0 for side in sides)
    for n in range(1, 5000):
        assert n <= padded(n) < max(n + 32, 1.25 * n)


# --- the saved model -------------------------------------------------------------------------


def test_a_model_is_loaded_as_it_was_saved(run, model):
    loaded = load_model(run)
    assert loaded.network == model.network
    assert (loaded.classes, loaded.signature) == (model.classes, model.signature)
    assert "encoder.stages.0.convs.0.conv.kernel" in arrays_of(loaded)
    for (name, one), other in zip(arrays_of(loaded).items(), arrays_of(model).values(), strict=True):
        assert_array_equal(one, other, err_msg=name)


def edit(change):
    def damage(folder):
        file = folder / DESCRIPTION
        values = json.loads(file.read_text())
        change(values)
        file.write_text(json.dumps(values))

    return damage


def halve(name):
    def damage(folder):
        file = folder / name
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return damage


def of_another_run(folder):
    save_model(drawn_model(seed=1), SETTINGS, folder.parent)
    (folder.parent / ARRAYS).replace(folder / ARRAYS)


MODEL_AT_FAULT = {
    "no description": (lambda folder: (folder / DESCRIPTION).unlink(), "model.json is missing"),
    "no arrays": (lambda folder: (folder / ARRAYS).unlink(), "model.safetensors is missing"),
    "description halved": (halve(DESCRIPTION), "model.json is damaged"),
    "arrays halved": (halve(ARRAYS), "its digest differs"),
    "arrays of another run": (of_another_run, "its digest differs"),
    "not an object": (lambda folder: (folder / DESCRIPTION).write_text("[1]"), "model.json is damaged"),
    "deep": (lambda folder: (folder / DESCRIPTION).write_text("[" * 100_000), "model.json is damaged"),
    "endless channels": (edit(lambda x: x["signature"].update(in_ch=float("inf"))), "model.json is damaged"),
    "later format": (edit(lambda x: x.update(format=2)), "has format 2, not 1"),
    "unknown setting": (edit(lambda x: x["network"].update(colour=1)), "model.json is damaged"),
    "setting out of bounds": (edit(lambda x: x["network"].update(width=0)), "`width` must be at least 1"),
    "unknown decoder": (edit(lambda x: x["network"].update(decoder="fcn7")), "model.json"),
    "fewer names": (edit(lambda x: x["classes"]["names"].pop()), "3 names and 4 colours of 4 classes"),
    "no colour": (edit(lambda x: x["classes"].update(colours=["red"] * 4)), "'red' is not #rrggbb"),
    "background": (edit(lambda x: x["classes"].update(background=4)), "background 4 is none of 4 classes"),
    "other channels": (edit(lambda x: x["network"].update(head_ch=3)), "model.safetensors has 'conv6"),
}


@pytest.mark.parametrize(("damage", "message"), MODEL_AT_FAULT.values(), ids=MODEL_AT_FAULT)
def test_a_model_at_fault_is_a_problem(run, damage, message):
    damage(run)
    with pytest.raises(UserError, match=re.escape(message)):
        load_model(run)


# --- words and pages -------------------------------------------------------------------------


def result_of_many(n):
    names = tuple(f"class {i} with a rather long name that goes on" for i in range(n))
    classes = Classes(names, ("#123456",) * n)
    confusion = np.random.default_rng(n).integers(0, 1000, (n, n))
    confusion[3] = confusion[:, 3] = 0
    return scores(confusion, classes), confusion, classes


def test_many_classes_fit_a_terminal():
    result, confusion, classes = result_of_many(30)
    text = tables(result, confusion, classes)
    assert max(map(len, text.splitlines())) <= 80
    rows = class_table(result, classes).splitlines()
    assert len(rows) == 31
    assert rows[4].split()[-3:] == ["-", "-", "0.00%"]


def test_few_classes_have_their_confusion_matrix():
    confusion = np.arange(16).reshape(4, 4)
    rows = confusion_table(confusion, CLASSES).splitlines()
    assert [row.split()[-4:] for row in rows[1:]] == [list(map(str, row)) for row in confusion]


def test_a_confusion_matrix_is_shown_where_it_fits():
    names = ("background", *(f"a long name {i}" for i in range(11)))
    for n, highest, shown in [(12, 10**6 - 1, True), (12, 10**8, False), (11, 10**6, True)]:
        classes = Classes(names[:n], ("#000000",) * n)
        confusion = np.full((n, n), highest)
        text = tables(scores(confusion, classes), confusion, classes)
        assert ("true\\as" in text) == shown
        assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("n", [2, 21, 60])
def test_pictures_of_many_classes(tmp_path, n):
    names = tuple(f"name {i}" for i in range(n))
    classes = Classes(names, ("#123456",) * n)
    pictures.save_confusion(np.eye(n, dtype=np.int64), classes, tmp_path / "confusion.png")
    labels = np.arange(60).reshape(5, 12) % n
    there = [patch.get_label() for patch in pictures.legend_patches(classes, labels, np.array([IGNORE]))]
    assert there == list(names)
    assert there[:1] == [patch.get_label() for patch in pictures.legend_patches(classes, np.zeros((1, 1), int))]


def test_best_and_worst_pictures():
    assert extremes([0.5, float("nan"), 0.1, 0.9, 0.7, 0.2, 0.6, 0.3]) == ([3, 4, 6], [2, 5, 7])
    assert extremes([0.5]) == ([0], [])
    assert extremes([0.5, 0.1, 0.3]) == ([0, 2], [1])
    assert extremes([float("nan")]) == ([], [])


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_page_is_whole_in_itself(tmp_path):
    labels = np.arange(20, dtype=np.int32).reshape(4, 5) % 4
    labels[0, 0] = IGNORE
    sample = Sample(drawn_image(4, 5), labels, 'a "quoted" <name>.jpg')
    confusion = np.array([[5, 1, 0, 0], [2, 6, 0, 0], [0, 4, 3, 0], [0, 0, 0, 0]])
    settings = {"steps": 3, "network": {"decoder": "fcn8"}, "file": "<i>"}
    example = (sample, 0.25, labels.astype(np.uint8))
    page = Page("r<u>n", settings, 12.0, CLASSES, scores(confusion, CLASSES), confusion, [example], [example])
    for name in ("curves.png", "confusion.png"):
        Image.fromarray(drawn_image(3, 3)).save(tmp_path / name)
    save_page(page, tmp_path / "curves.png", tmp_path / "confusion.png", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Tags(text).seen
    images = [attrs for tag, attrs in tags if tag == "img"]
    assert len(images) == 2 + 6
    assert all(attrs["src"].startswith("data:image/") and attrs["alt"] for attrs in images)
    assert not {"script", "link", "iframe", "u", "i"} & {tag for tag, _ in tags}
    assert sum(tag == "b" for tag, _ in tags) == 2  # the examples' names, not the class's
    assert "http" not in text
    assert "&lt;b&gt;road&lt;/b&gt;" in text
    assert "57.1 % of the pixels of “&lt;b&gt;road&lt;/b&gt;” are taken for “tree”" in text  # 4 of 7


# --- evaluate --------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path):
    """A folder of pictures with masks; those to be scored differ in size."""
    folder = tmp_path / "data"
    for split, sizes in {"train": [(40, 40)], "val": [(50, 70), (33, 64), (64, 33)]}.items():
        for part in ("images", "masks"):
            (folder / part / split).mkdir(parents=True)
        for i, size in enumerate(sizes):
            mask = np.random.default_rng(i).choice([0, 1, 2, 3, 255], size).astype(np.uint8)
            Image.fromarray(drawn_image(*size)).save(folder / "images" / split / f"{split}{i}.png")
            Image.fromarray(mask).save(folder / "masks" / split / f"{split}{i}.png")
    return folder


def test_evaluate_agrees_with_the_files_that_predict_writes(run, data, tmp_path, capsys):
    (run / "config.json").write_text(json.dumps({"source": {"data": str(data), "classes": None, "ignore": [255]}}))
    assert main(["evaluate", str(run), "--out", str(tmp_path / "scores")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 pictures with masks\n")
    assert "<b>road</b>" in said
    saved = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert main(["predict", str(run), str(data / "images" / "val"), "--out", str(tmp_path / "found")]) == 0
    files = sorted((data / "masks" / "val").iterdir())
    assert len(files) == 3
    truth = np.concatenate([np.asarray(Image.open(file)).ravel() for file in files])
    found = np.concatenate([np.asarray(Image.open(tmp_path / "found" / file.name)).ravel() for file in files])
    known = truth != 255
    expected = sk.confusion_matrix(truth[known], found[known], labels=range(4))
    assert_array_equal(saved["confusion"], expected)
    iou = np.diag(expected) / (expected.sum(0) + expected.sum(1) - np.diag(expected))
    assert_allclose(list(saved["class_iou"].values()), iou)
    assert_allclose(saved["thing_iou"], iou[1:].mean())


def test_evaluate_on_another_folder_and_split(run, data, capsys, tmp_path):
    (run / "config.json").write_text("{}")
    counted = {}
    for split in ("train", "val", "all"):
        assert main(["evaluate", str(run), "--data", str(data), "--split", split, "--out", str(tmp_path)]) == 0
        masks = (data / "masks").rglob("*.png") if split == "all" else (data / "masks" / split).iterdir()
        counted[split] = sum((np.asarray(Image.open(mask)) != 255).sum() for mask in masks)
        confusion = json.loads((tmp_path / "scores.json").read_text())["confusion"]
        assert np.sum(confusion) == counted[split]
    assert counted["all"] == counted["train"] + counted["val"]


def test_evaluate_on_a_test_set_alone(run, data, tmp_path, capsys):
    """All of its pictures, though there are none to train on."""
    (run / "config.json").write_text("{}")
    for part in ("images", "masks"):
        shutil.rmtree(data / part / "train")
        (data / part / "val").rename(data / part / "test")
    assert main(["evaluate", str(run), "--data", str(data), "--split", "test", "--out", str(tmp_path)]) == 0
    assert "3 pictures" in capsys.readouterr().out
    for other in ("val", "train"):  # never a share of what there is instead
        assert main(["evaluate", str(run), "--data", str(data), "--split", other]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        ("{}", [], "config.json names no folder of pictures: name one: --data DIR"),
        ("[", [], "config.json cannot be read"),
        ("{}", ["--data", "/nowhere"], "/nowhere"),
    ],
)
def test_evaluate_without_data_is_refused(run, capsys, config, arguments, message):
    (run / "config.json").write_text(config)
    assert main(["evaluate", str(run), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_jit_of_a_saved_model_compiles_nothing_new(run, model):
    image = drawn_image(64, 96)
    scores_of(model, image)
    before = programs()
    scores_of(load_model(run), image)
    assert programs() == before


@pytest.mark.parametrize(("command", "goes_on"), [("train", True), ("predict", False)])
def test_an_interruption_promises_what_is_kept(monkeypatch, capsys, command, goes_on):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.fcn.__main__.execute", interrupted)
    assert main([command]) == 130
    error = capsys.readouterr().err
    assert "Interrupted" in error
    assert ("goes on from the last checkpoint" in error) == goes_on
