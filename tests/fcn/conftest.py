"""A network with drawn parameters, and what a finished run leaves of it."""

import pytest
from fcn_helpers import quick_float32
from fcn_models import SETTINGS, drawn_model

from experiments.fcn.saved_model import save_model


@pytest.fixture(scope="module")
def model():
    """A network with drawn parameters."""
    with quick_float32():
        return drawn_model()


@pytest.fixture
def run(tmp_path, model):
    """The files that a finished run leaves of its model."""
    folder = tmp_path / "run"
    folder.mkdir()
    save_model(model, SETTINGS, folder)
    return folder
