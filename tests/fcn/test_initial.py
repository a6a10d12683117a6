"""A run begins at an encoder from a file, or at the run of a coarser decoder."""

from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.__main__ import main
from experiments.fcn.checkpoint import by_name
from experiments.fcn.config import Initial
from experiments.fcn.evaluate import as_model
from experiments.fcn.initial import begin
from experiments.fcn.saved_model import save_model
from experiments.fcn.state import draw, make_trainer
from experiments.fcn8.data import DigitTask
from jtconv.weights import Preprocessing, save
from tests.fcn.digit_runs import SIGNATURE, train_digits

pytestmark = pytest.mark.usefixtures("single_precision")

PLAIN = replace(TINY, steps=1, network=replace(TINY.network, normalise=False))


NUMBER = ["--num-classes", "2"]


def vgg_file(folder):
    """torchvision's names, for three channels and the tiny network's widths."""
    rng, arrays, in_ch = np.random.default_rng(0), {}, 3
    for i, out_ch in zip((0, 3, 6, 9, 12), (1, 2, 4, 8, 8), strict=True):
        arrays[f"features.{i}.weight"] = rng.normal(size=(out_ch, in_ch, 3, 3)).astype(np.float32)
        arrays[f"features.{i}.bias"] = rng.normal(size=out_ch).astype(np.float32)
        in_ch = out_ch
    save(folder / "vgg.npz", arrays)
    return folder / "vgg.npz", arrays


def beginning(config, signature=SIGNATURE):
    return begin(config, signature, make_trainer(config, signature), draw(config, signature))


def test_an_encoder_from_a_file_brings_its_preprocessing(tmp_path):
    file, arrays = vgg_file(tmp_path)
    config = replace(PLAIN, initial=Initial(encoder=file))
    state, preprocessing = beginning(config)
    for stage, number in enumerate((0, 3, 6, 9, 12)):
        expected = arrays[f"features.{number}.weight"].transpose(2, 3, 1, 0)
        expected = expected.sum(2, keepdims=True) if stage == 0 else expected  # the digits are grey
        got = by_name(state)[f"parameters.encoder.stages.{stage}.convs.0.conv.kernel.value"]
        assert_allclose(got, expected, rtol=1e-6)
    white = np.ones((1, 1, 1), np.float32)  # 255 in torchvision's pictures, 1 in the digits'
    torch = Preprocessing.torch().with_channels(1)
    assert_allclose(preprocessing(white), torch(255 * white), rtol=1e-6)


def test_a_run_goes_on_when_the_encoders_file_is_gone(tmp_path):
    file, _ = vgg_file(tmp_path)
    config = replace(PLAIN, initial=Initial(encoder=file))
    first = train_digits(config, tmp_path / "out")
    file.unlink()
    again = train_digits(config, tmp_path / "out")
    assert again.trainer.preprocessing == first.trainer.preprocessing != SIGNATURE.preprocessing
    (tmp_path / "out" / "preprocessing.json").unlink()
    with pytest.raises(UserError, match=r"preprocessing\.json is missing or damaged"):
        train_digits(config, tmp_path / "out")


def test_an_encoder_that_does_not_fit_is_one_line(tmp_path):
    file, arrays = vgg_file(tmp_path)
    save(file, arrays | {"features.3.weight": np.zeros((5, 1, 3, 3), np.float32)})
    with pytest.raises(UserError, match="features.3.weight") as problem:
        beginning(replace(PLAIN, initial=Initial(encoder=file)))
    assert "\n" not in str(problem.value)
    with pytest.raises(UserError, match="cannot be the encoder"):
        beginning(replace(PLAIN, initial=Initial(encoder=tmp_path / "nothing.npz")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("resnet50", "resnet50 is the name of no file: there is one encoder, VGG-16, and nothing is downloaded: give"),
        ("vgg", "vgg cannot be the encoder: it does not exist (in {} there is vgg.npz): give --encoder the path"),
        ("vg.npz", "vg.npz cannot be the encoder: it does not exist (in {} there is vgg.npz): give --encoder the path"),
        (".", "cannot be the encoder: it is a folder: give --encoder the path"),
    ],
)
def test_an_encoder_that_is_no_file_says_what_there_is_before_data_are_read(
    tmp_path, monkeypatch, capsys, given, message
):
    vgg_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("experiments.fcn.commands.train.load_task", None)  # it comes before data are read
    assert main(["train", "--data", "data", "--out", "out", "--encoder", given]) == 2
    error = capsys.readouterr().err
    assert message.format(tmp_path.name) in error
    assert "docs/encoder.md says where to get one.\n" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "there"),
    [
        (["evaluate", "runs/fist"], "runs there is first"),
        (["predict", "runs/fist", "x.png", "--out", "out"], "runs there is first"),
        (["export", "runs/fist", "--out", "out"], "runs there is first"),
        (["check-data", "--data", "pictuers"], "{} there is pictures"),
        (["check-data", "--data", "pictures", "--classes", "class.txt"], "{} there is classes.txt"),
        (["check-data", "--data", "pictures", "--label-map", "lable.json"], "{} there is label.json"),
        (["train", "--data", "pictuers", "--out", "out"], "{} there is pictures"),
        (
            ["train", "--data", "pictures", *NUMBER, "--out", "out", "--start-from", "runs/fist"],
            "runs there is first",
        ),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_what_comes_near(tmp_path, monkeypatch, capsys, arguments, there):
    for name in ("runs/first", "pictures/images", "pictures/masks"):
        (tmp_path / name).mkdir(parents=True)
    for part, colour in (("images", 9), ("masks", 1)):
        for name in ("a", "b", "c"):
            Image.fromarray(np.full((8, 8), colour, np.uint8)).save(tmp_path / "pictures" / part / f"{name}.png")
    for name in ("classes.txt", "label.json"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"does not exist (in {there.format(tmp_path.name)}" in error
    assert error.count("\n") == 1


def saved_run(config, folder, preprocessing=SIGNATURE.preprocessing):
    signature = SIGNATURE._replace(preprocessing=preprocessing)
    state, trainer = draw(config, signature), make_trainer(config, signature)
    folder.mkdir()
    save_model(as_model(trainer, state, DigitTask(config)), config.network, folder)
    return state


def with_decoder(config, decoder):
    return replace(config, network=replace(config.network, decoder=decoder))


def test_a_finer_decoder_starts_from_a_coarser_ones_run(tmp_path):
    other = Preprocessing(channels=(0,), mean=(0.5,), std=(2.0,))
    coarser = saved_run(with_decoder(replace(TINY, seed=3), "fcn16"), tmp_path / "run", other)
    config = replace(TINY, initial=Initial(start_from=tmp_path / "run"))
    state, preprocessing = beginning(config)
    assert preprocessing == other
    old, new = by_name(coarser), by_name(state)
    shared = [name for name in old if name.startswith(("parameters.", "statistics.")) and "decoder.up" not in name]
    assert "parameters.decoder.steps.0.up.kernel.value" in shared
    for name in shared:
        assert_array_equal(new[name], old[name], err_msg=name)


def test_a_run_to_start_from_is_coarser(tmp_path):
    saved_run(with_decoder(TINY, "fcn8"), tmp_path / "run")
    with pytest.raises(UserError, match="run cannot be started from: .*: choose the run of a coarser decoder"):
        beginning(replace(TINY, initial=Initial(start_from=tmp_path / "run")))


def test_a_run_begins_in_one_way(tmp_path):
    with pytest.raises(ValueError, match="`start_from` must be left out with `encoder`"):
        replace(TINY, initial=Initial(encoder=tmp_path, start_from=tmp_path))
