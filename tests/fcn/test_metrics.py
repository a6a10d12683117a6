"""Scores against scikit-learn's."""

import json
from typing import Any

import numpy as np
import pytest
from fcn_models import CLASSES
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from experiments.fcn.metrics import confusion_matrix, scores
from experiments.fcn.report import save_scores, tables
from experiments.fcn.task import IGNORE, Classes

pytestmark = pytest.mark.usefixtures("single_precision")


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
