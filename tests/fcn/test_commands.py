"""The command line: presets, commands."""

from dataclasses import replace

import pytest

from experiments.fcn.__main__ import main
from experiments.fcn.commands.train import parse
from experiments.fcn.network import abstract_network
from experiments.fcn.presets import PRESETS
from experiments.fcn.task import Signature
from jtconv.models import summary
from jtconv.weights import Preprocessing

pytestmark = pytest.mark.usefixtures("single_precision")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_defaults_that_flags_override(tmp_path, name):
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path), "--preset", name]
    config = parse([*arguments, "--learning-rate", "0.5", "--overlap", "2"], "train").config
    assert config.network == replace(PRESETS[name].network, overlap=2)
    assert config.optimizer == replace(PRESETS[name].optimizer, learning_rate=0.5)


def test_the_presets_are_the_networks_of_their_names():
    network = abstract_network(PRESETS["article"].network, Signature(3, 12, Preprocessing.torch()))
    assert summary(network, (1, 224, 224, 3)).parameters == 135_067_736
    network = abstract_network(PRESETS["paper"].network, Signature(3, 21, Preprocessing.torch()))
    kinds = [layer.kind for layer in summary(network, (1, 224, 224, 3)).layers if "Transpose" in layer.kind]
    assert [kind.split(" ", 1)[1] for kind in kinds] == ["4×4, strides 2×2"] * 2 + ["16×16, strides 8×8"]


def test_an_unknown_command_is_named(capsys):
    assert main(["trian"]) == 2
    assert "the command must be one of train, " in capsys.readouterr().err


def test_the_overview_names_the_commands(capsys):
    assert main([]) == 0
    assert "  train " in capsys.readouterr().out
