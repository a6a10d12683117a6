"""What TensorStore still says of a restore that has failed."""

import sys

import pytest

from experiments.command_line import without_closed_loops


@pytest.fixture(autouse=True, scope="session")
def _no_late_reads():
    """Reads under way when a checkpoint turns out damaged come back later, in whichever test then runs.

    They find their event loop closed. Everything else that cannot be raised still fails the test.
    """
    show = sys.unraisablehook
    sys.unraisablehook = without_closed_loops(show)
    yield
    sys.unraisablehook = show
