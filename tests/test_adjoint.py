"""The property that everything rests on: Cᵀ is the transpose of C, by every method, for any layer."""

import math
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import (
    Case,
    assert_within_rounding,
    cases,
    loop_conv_transpose,
    magnitude_of_terms,
    make_case,
    run_once,
    share,
    terms,
)

from jtconv import METHODS, conv, conv_transpose

DISTINCT = [m for m in METHODS if m not in ("auto", "vjp")]  # one is among these, one is the reference


def compute(case: Case) -> tuple[jax.Array, jax.Array, dict[str, jax.Array]]:
    """C x, the vector-Jacobian product of C with y, and Cᵀ y by every method."""

    def everything(x, kernel, y):
        cx, pullback = jax.vjp(lambda x: conv(x, kernel, **case.geometry), x)
        arguments = {**case.geometry, "output_size": case.input_size}
        return cx, pullback(y)[0], {m: conv_transpose(y, kernel, method=m, **arguments) for m in DISTINCT}

    return run_once(everything, case.x, case.kernel, case.y)


def assert_transpose(case: Case) -> None:
    cx, gradient, by_method = compute(case)
    magnitude = magnitude_of_terms(case)
    n = terms(case.kernel, case.geometry["groups"])
    for result in by_method.values():
        assert_within_rounding(result, gradient, magnitude, n)
    exact = math.fsum((np.asarray(cx) * case.y).ravel())
    for result in by_method.values():
        transposed = math.fsum((case.x * np.asarray(result)).ravel())
        size = float(np.sum(np.abs(case.x) * magnitude))
        assert abs(exact - transposed) <= (2 * n + 4) * np.finfo(np.float64).eps * size


# One test per number of axes, so that they run side by side; 300 examples in all, or 10,000.


@settings(max_examples=share(0.3))
@given(cases(1))
def test_1d_methods_are_the_transpose(case):
    assert_transpose(case)


@settings(max_examples=share(0.5))
@given(cases(2))
def test_2d_methods_are_the_transpose(case):
    assert_transpose(case)


@settings(max_examples=share(0.2))
@given(cases(3))
def test_3d_methods_are_the_transpose(case):
    assert_transpose(case)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_transpose_places_and_adds(ndim):
    """Against the articles' double loop, which knows nothing of convolutions or gradients."""

    @settings(max_examples=share(0.04))
    @given(cases(ndim))
    def check(case):
        expected = loop_conv_transpose(case.y, case.kernel, case.input_size, **case.geometry)
        f = partial(conv_transpose, output_size=case.input_size, method="scatter", **case.geometry)
        got = run_once(f, case.y, case.kernel)
        n = terms(case.kernel, case.geometry["groups"])
        assert_within_rounding(got, expected, magnitude_of_terms(case), n)

    check()


@pytest.mark.parametrize("groups", [1, 2])
def test_padding_beyond_the_kernel_and_cropping(groups):
    """A phase of the result sees nothing of y; negative padding gave wrong numbers here."""
    for arguments in (
        {"strides": 4, "padding": "CAUSAL"},
        {"strides": 3, "padding": ((-1, 3), (5, -1))},
        {"strides": 1, "padding": ((5, 6), (4, -1))},
    ):
        case = make_case((2, 3), (4, 4, 2, 2 * groups), groups=groups, **arguments)
        expected = loop_conv_transpose(case.y, case.kernel, case.input_size, **case.geometry)
        for method in METHODS:
            f = partial(conv_transpose, output_size=case.input_size, method=method, **case.geometry)
            got = f(case.y, case.kernel)
            assert_within_rounding(got, expected, magnitude_of_terms(case), terms(case.kernel, groups))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("k", "s", "d"), [((4, 3), (2, 1), (1, 2)), ((2, 5), (5, 3), (1, 1)), ((3, 1), (4, 2), (2, 1))]
)
def test_anticausal_is_a_causal_decoder(k, s, d, method):
    """To the bit the map whose size is s*o by numbers; and nothing of y is heard before its time, also where k < s."""
    case = make_case((5 * s[0], 4 * s[1]), (*k, 3, 4), strides=s, padding="ANTICAUSAL", dilation=d, groups=2)
    geometry = {"strides": s, "dilation": d, "groups": 2, "method": method}
    pads = tuple((0, d * (k - 1) + 1 - s) for k, s, d in zip(k, s, d, strict=True))
    named = np.asarray(conv_transpose(case.y, case.kernel, padding="ANTICAUSAL", **geometry))
    assert named.shape[1:3] == (5 * s[0], 4 * s[1])
    np.testing.assert_array_equal(named, conv_transpose(case.y, case.kernel, padding=pads, **geometry))
    later = case.y.copy()
    later[:, 2:] += 1
    changed = np.asarray(conv_transpose(later, case.kernel, padding="ANTICAUSAL", **geometry))
    np.testing.assert_array_equal(named[:, : 2 * s[0]], changed[:, : 2 * s[0]])
    assert (named[:, 2 * s[0]] != changed[:, 2 * s[0]]).any()


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kernel_size", [(5, 2), (2, 4)])
def test_two_taps_cropped_by_one_on_both_sides(kernel_size, groups):
    """XLA 0.10's compiler aborted on the gradient of these, with a kernel larger than the output."""
    case = make_case((3, 4), (*kernel_size, 3, 2 * groups), strides=2, padding=1, groups=groups)
    assert_transpose(case)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_no_program_has_negative_padding(ndim):
    """Neither C, nor Cᵀ by any method, nor their derivatives: XLA gives wrong numbers there at times."""

    @settings(max_examples=share(0.1))
    @given(cases(ndim))
    def check(case):
        def f(x, kernel, y):
            _, pullback = jax.vjp(partial(conv, **case.geometry), x, kernel)
            arguments = {**case.geometry, "output_size": case.input_size}
            return pullback(y), {m: conv_transpose(y, kernel, method=m, **arguments) for m in METHODS}

        text = jax.jit(f).lower(case.x, case.kernel, case.y).as_text()
        found = re.findall(r"\bpad = \[(\[.*?\])\]", text)
        assert len(found) >= 3  # lax, vjp and polyphase
        assert not any("-" in pads for pads in found), found

    check()


def test_methods_differ_from_an_untransposed_kernel():
    """The oracle is not blind: an unflipped kernel is far outside the bound."""
    rng = np.random.default_rng(0)
    y, kernel = rng.standard_normal((1, 4, 5, 3)), rng.standard_normal((3, 2, 2, 3))
    case = Case(rng.standard_normal((1, 9, 10, 2)), kernel, y, {"strides": 2, "groups": 1})
    flipped = conv_transpose(y, jnp.flip(kernel, (0, 1)), output_size=(9, 10), strides=2)
    right = conv_transpose(y, kernel, output_size=(9, 10), strides=2)
    with pytest.raises(AssertionError, match="beyond its bound"):
        assert_within_rounding(flipped, right, magnitude_of_terms(case), terms(kernel, 1))
