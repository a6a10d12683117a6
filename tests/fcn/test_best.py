"""The last and the best network of a run: which is saved, where that is said, and which is taken."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from fcn_models import drawn_model
from numpy.testing import assert_array_equal

from experiments.fcn import run
from experiments.fcn.__main__ import main
from experiments.fcn.checkpoint import by_name, restore
from experiments.fcn.config import Initial
from experiments.fcn.folder import BEST, CHECKPOINTS
from experiments.fcn.initial import begin
from experiments.fcn.report import report
from experiments.fcn.saved_model import load_saved, save_model
from experiments.fcn.state import draw, make_trainer
from experiments.fcn8.data import DigitTask
from jtconv.models._description import Checkpoint, Origin
from jtconv.models._model import arrays_of
from tests.fcn.digit_runs import SIGNATURE, train_digits

pytestmark = pytest.mark.usefixtures("single_precision")

CONFIG = replace(TINY, evaluations=3, checkpoints=1)  # scored at steps 2, 4 and 6
WHICH = ("last", "best")


@pytest.fixture
def falling(monkeypatch):
    """Evaluations that find less and less: the first is the best."""
    seen = []

    def worse(*_):
        seen.append(1)
        return np.eye(11, dtype=np.int64) * 9 + np.ones((11, 11), int) * len(seen)

    monkeypatch.setattr(run, "evaluate", worse)


def arrays_in(folder, like):
    restored = restore(folder, like)
    assert restored is not None
    return restored[0], {name: np.asarray(x) for name, x in by_name(restored[1]).items()}


def assert_holds(model, arrays):
    """`arrays` are a state's, called parameters.conv6.conv.kernel.value."""
    own = arrays_of(model)
    assert len(own) > 10
    for name, array in own.items():
        there = [
            arrays[f"{part}.{name}.value"] for part in ("parameters", "statistics") if f"{part}.{name}.value" in arrays
        ]
        assert_array_equal(array, there[0], err_msg=name)


def test_both_are_saved_and_told_apart(tmp_path, falling, capsys):
    trained = train_digits(CONFIG, tmp_path)
    report(trained, tmp_path)
    step, best = arrays_in(tmp_path / BEST, trained.state.scored())
    assert step == 2
    saved = {name: load_saved(tmp_path, name) for name in (None, *WHICH)}
    assert_holds(saved["best"].model, best)
    _, last = arrays_in(tmp_path / CHECKPOINTS, trained.state)
    for name in (None, "last"):
        assert_holds(saved[name].model, last)
        assert (
            saved[name].in_words().startswith(f"{tmp_path}/model.safetensors: the last of the run (step 6, mean IoU 0.")
        )
    first = f"{tmp_path}/model_best.safetensors: the best of the run (step 2, mean IoU 0."
    assert saved["best"].in_words().startswith(first)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("model.safetensors is the last of the run (step 6, ")
    assert said.endswith("), which --from best takes")
    assert said in (tmp_path / "report.html").read_text()


def test_a_run_that_ends_by_itself_has_the_best(tmp_path, falling):
    report(train_digits(replace(CONFIG, patience=2), tmp_path), tmp_path)
    assert not (tmp_path / "model_best.safetensors").exists()
    saved = load_saved(tmp_path, "best")
    assert saved.in_words().startswith(f"{tmp_path}/model.safetensors: the best of the run (step 2, ")


def test_one_that_ends_at_its_best_has_one_network(tmp_path, monkeypatch):
    right = iter((2, 3, 4))
    monkeypatch.setattr(run, "evaluate", lambda *_: np.eye(11, dtype=int) * next(right) + 1)
    (tmp_path / "model_best.safetensors").write_text("of an older run")
    report(train_digits(CONFIG, tmp_path), tmp_path)
    assert not (tmp_path / "model_best.safetensors").exists()
    words = {load_saved(tmp_path, name).origin for name in (None, *WHICH)}
    assert len(words) == 1
    assert words.pop().startswith("the last, and the best of the run (step 6, ")


def test_a_best_state_that_is_gone_is_not_saved(tmp_path, falling):
    trained = train_digits(CONFIG, tmp_path)
    shutil.rmtree(tmp_path / BEST)
    report(trained, tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["checkpoints"].keys() == {"last"}
    assert main(["predict", str(tmp_path), "x.png", "--from", "best", "--out", str(tmp_path / "out")]) == 2


def test_a_finer_decoder_starts_from_either(tmp_path):
    coarser, kernel = replace(TINY.network, decoder="fcn16"), "conv6.conv.kernel"
    models = {name: drawn_model(i, coarser, DigitTask.classes, SIGNATURE) for i, name in enumerate(WHICH)}
    origin = Origin(Checkpoint(6), Checkpoint(2))
    save_model(models["last"], coarser, tmp_path, origin, models["best"])
    for name in WHICH:
        config = replace(TINY, initial=Initial(start_from=tmp_path, start_checkpoint=name))
        state, _ = begin(config, SIGNATURE, make_trainer(config, SIGNATURE), draw(TINY, SIGNATURE))
        assert_array_equal(by_name(state)[f"parameters.{kernel}.value"], arrays_of(models[name])[kernel])
    with pytest.raises(ValueError, match="`start_checkpoint` must be left out without `start_from`, got 'best'"):
        replace(TINY, initial=Initial(start_checkpoint="best"))


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "export"])
def test_help_says_which_one_the_file_is(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert ("--from" in said) == (command != "train")
    assert re.search("model.safetensors.{,3}the last, or the best if the run ends early by itself", said)
