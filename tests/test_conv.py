"""`conv` against a NumPy loop over windows."""

import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from oracles import Case, assert_within_rounding, cases, padded_sources, run_once, terms

from jtconv import ConvGeometry, conv


def loop_conv(case: Case, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Slide the window: each output is the sum over taps of what the padded input holds there."""
    geometry = ConvGeometry(kernel.shape[:-2], **case.geometry)
    spec, groups = geometry.at(case.input_size), geometry.groups
    lines = [padded_sources(i, p, geometry.padding_mode) for i, p in zip(case.input_size, spec.pads, strict=True)]
    in_per, out_per = kernel.shape[-2], kernel.shape[-1] // groups
    y = np.zeros_like(case.y)
    for o in itertools.product(*map(range, spec.output_size)):
        for t in itertools.product(*map(range, spec.kernel_size)):
            at = [s * a + d * b for s, a, d, b in zip(spec.strides, o, spec.dilation, t, strict=True)]
            source = tuple(int(line[p]) for line, p in zip(lines, at, strict=True))
            if min(source) < 0:
                continue
            for g in range(groups):
                ins, outs = slice(g * in_per, (g + 1) * in_per), slice(g * out_per, (g + 1) * out_per)
                y[(..., *o, outs)] += x[(..., *source, ins)] @ kernel[(*t, slice(None), outs)]
    return y


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_conv_slides_the_window(ndim):
    @settings(max_examples=settings().max_examples // 25)
    @given(cases(ndim))
    def check(case):
        got = run_once(partial(conv, **case.geometry), case.x, case.kernel)
        magnitude = loop_conv(case, np.abs(case.x), np.abs(case.kernel))
        n = terms(case.kernel, case.geometry["groups"])
        assert_within_rounding(got, loop_conv(case, case.x, case.kernel), magnitude, n)

    check()
