"""Tables in a terminal, pictures of classes, the page."""

from html.parser import HTMLParser

import numpy as np
import pytest
from fcn_models import CLASSES, drawn_image
from PIL import Image

from experiments.fcn import pictures
from experiments.fcn.html_report import Page, save_page
from experiments.fcn.metrics import scores
from experiments.fcn.report import class_table, confusion_table, extremes, tables
from experiments.fcn.task import IGNORE, Classes, Sample

pytestmark = pytest.mark.usefixtures("single_precision")


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
