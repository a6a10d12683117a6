"""A run's config.json as the settings of another, and epochs in place of steps."""

import json

import pytest

from experiments.errors import UserError
from experiments.fcn.commands.train import in_steps, parse


@pytest.fixture
def file(tmp_path):
    command = parse(["--data", "pictures", "--out", "a", "--steps", "40", "--flip", "--width", "8"], "train")
    command.config.save(tmp_path / "config.json")
    return tmp_path / "config.json"


def test_the_settings_of_a_file_are_defaults_that_options_override(file):
    saved = parse(["--config", str(file), "--out", "b"], "train").config
    assert (saved.steps, saved.augmentation.flip, saved.network.width) == (40, True, 8)
    given = parse(["--config", str(file), "--out", "b", "--steps", "3", "--no-flip"], "train").config
    assert (given.steps, given.augmentation.flip, given.network.width) == (3, False, 8)


def test_epochs_replace_the_steps_of_a_file_but_not_those_given(file):
    command = parse(["--config", str(file), "--out", "b", "--epochs", "2"], "train")
    assert in_steps(command.config, 2, pictures=21).steps == 6  # batches of 8
    with pytest.raises(ValueError, match="--steps and --epochs say the same in two ways"):
        parse(["--config", str(file), "--out", "b", "--epochs", "2", "--steps", "3"], "train")


def test_a_setting_that_no_run_has_is_named(file):
    file.write_text(json.dumps({"stepz": 3}))
    with pytest.raises(UserError, match="has a setting 'stepz' = 3, which no run has: did you mean 'steps'"):
        parse(["--config", str(file), "--out", "b"], "train")
