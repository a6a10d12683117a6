"""A finished run, and a copy of it."""

import shutil

import pytest
from fcn_helpers import quick_float32

from experiments.fcn8.__main__ import main
from tests.fcn8.runs import ARGUMENTS


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A run that nothing interrupted, started from the command line."""
    with quick_float32():
        folder = tmp_path_factory.mktemp("finished")
        assert main([*ARGUMENTS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run, to be damaged."""
    return shutil.copytree(finished, tmp_path / "run")
