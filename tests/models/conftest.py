"""Little is optimised: compiling takes longer than running here."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _quick_compilation():
    """Compiling takes longer than running here, so little is optimised."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
