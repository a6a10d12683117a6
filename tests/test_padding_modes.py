"""Every row of the table of padding modes agrees with `numpy.pad`, and says of itself what is true."""

import jax.numpy as jnp
import numpy as np
import pytest

from jtconv._geometry.padding_modes import PADDING_MODES, into_range

FAR = 30  # positions beyond each end, many times round the axis
SIZES = range(1, 8)


def numpys(mode, size):
    """The source of the positions from -FAR to size + FAR, as numpy.pad has it; -1 for zeros."""
    mode = PADDING_MODES[mode].numpy_name
    return np.pad(np.arange(1, size + 1), FAR, mode=mode) - 1  # pyright: ignore[reportCallIssue, reportArgumentType] (a str in general)


def test_the_names_of_numpy_are_as_documented():
    names = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
    assert {mode: row.numpy_name for mode, row in PADDING_MODES.items()}.items() >= names.items()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", PADDING_MODES)
def test_sources_are_those_of_numpy_for_integers_and_arrays(mode, size):
    if size < PADDING_MODES[mode].min_size:
        return
    positions, expected = np.arange(-FAR, size + FAR), numpys(mode, size)
    assert [into_range(int(p), size, mode) for p in positions] == expected.tolist()
    for array in (positions, jnp.asarray(positions)):
        sources = into_range(array, size, mode)
        assert type(sources) is type(array)
        assert sources.dtype == array.dtype
        np.testing.assert_array_equal(sources, expected)


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_a_row_says_whether_its_axis_repeats_and_wraps(mode):
    row, size = PADDING_MODES[mode], 5
    sources = numpys(mode, size)
    period = next((p for p in range(1, FAR) if (sources[p:] == sources[:-p]).all()), None)
    assert row.repeats == (period is not None)
    assert row.wraps == (sources[FAR + size] == 0)  # the first position beyond the end copies the other end
