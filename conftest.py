"""The settings of every test: double precision, and how many random examples hypothesis draws.

A test with no settings of its own draws 300 examples, 10,000 with `--thorough`, 30 with `--quick`. A costlier test
takes a share of that: `@settings(max_examples=settings().max_examples // 10)`.
"""

import os

import jax
import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = {"default": 300, "quick": 30, "thorough": 10_000}


def pytest_addoption(parser):
    for profile in ("quick", "thorough"):
        parser.addoption(
            f"--{profile}",
            action="store_const",
            const=profile,
            dest="examples",
            default="default",
            help=f"draw {EXAMPLES[profile]:,} random examples instead of {EXAMPLES['default']}",
        )


def pytest_configure(config):
    profile = config.getoption("examples")
    settings.register_profile(
        profile,
        max_examples=EXAMPLES[profile],
        deadline=None,  # an example may compile
        # A drawn geometry may leave few valid sizes, and compiling is slow: neither is a mistake.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        print_blob=True,
        # The short run on CI judges the change, not the luck of the draw. The long one explores.
        derandomize=profile != "thorough" and "CI" in os.environ,
    )
    settings.load_profile(profile)
    jax.config.update("jax_enable_x64", True)


def pytest_report_header(config):
    return f"jax {jax.__version__} on {jax.default_backend()}, x64, {settings().max_examples} examples"


@pytest.fixture(autouse=True)
def _doctests_in_default_precision(request):
    """Examples in docstrings run as they do for a reader: without x64."""
    if isinstance(request.node, pytest.DoctestItem):
        with jax.enable_x64(False):
            yield
    else:
        yield
