"""States of runs on several devices, compared to the bit."""

from numpy.testing import assert_array_equal

from experiments.fcn.checkpoint import by_name

QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiling takes longer than running


def assert_same(state, expected):
    names = by_name(state)
    assert names.keys() == expected.keys()
    for name, array in names.items():
        assert_array_equal(array, expected[name], err_msg=name)
