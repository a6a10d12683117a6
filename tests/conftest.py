"""Single precision, for tests that ask for it; no late reads of another test's files."""

import sys

import pytest
from fcn_helpers import quick_float32

from experiments.command_line import without_abandoned_reads


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
    """Users train in float32, and so do these tests."""
    with quick_float32():
        yield
