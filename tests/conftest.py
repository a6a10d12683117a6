"""What several files of tests begin with: a network, and what its run leaves of it; no late reads of another's."""

import sys

import pytest
from fcn_helpers import quick_float32
from fcn_models import SETTINGS, drawn_model

from experiments.command_line import without_abandoned_reads
from experiments.fcn.saved_model import save_model


@pytest.fixture(autouse=True, scope="session")
def _no_late_reads():
    """Reads under way when a checkpoint turns out damaged come back later, in whichever test then runs.

    They find their event loop closed. Everything else that cannot be raised still fails the test.
    """
    show = sys.unraisablehook
    sys.unraisablehook = without_abandoned_reads(show)
    yield
    sys.unraisablehook = show


@pytest.fixture
def single_precision():
    with quick_float32():
        yield


@pytest.fixture(scope="module")
def model():
    """A network with drawn parameters."""
    with quick_float32():
        return drawn_model()


@pytest.fixture
def run(tmp_path, model):
    """What a finished run leaves of its model."""
    folder = tmp_path / "run"
    folder.mkdir()
    save_model(model, SETTINGS, folder)
    return folder
