"""The integer arithmetic, against counting window positions one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import geometries

from jtconv import ConvGeometry, conv_output_size, conv_transpose_output_size, output_padding_for


def count_windows(i: int, k: int, s: int, pads: tuple[int, int], d: int) -> int:
    """Places of the window: walk along the padded input."""
    places, start = 0, 0
    while start + d * (k - 1) < i + sum(pads):
        places, start = places + 1, start + s
    return places


def exhaustive():
    for k in range(1, 5):
        for s in range(1, 5):
            for d in range(1, 4):
                for lo in range(-1, 4):
                    for hi in range(-1, 4):
                        yield k, s, d, (lo, hi)


def test_output_size_counts_the_windows():
    for k, s, d, pads in exhaustive():
        for i in range(2, 12):
            expected = count_windows(i, k, s, pads, d)
            if expected < 1:
                with pytest.raises(ValueError, match="does not fit"):
                    conv_output_size(i, k, strides=s, dilation=d, padding=(pads,))
            else:
                assert conv_output_size(i, k, strides=s, dilation=d, padding=(pads,)) == (expected,)


def test_transposed_sizes_are_all_that_give_the_output_back():
    """For each output size, output_padding runs over exactly the input sizes that C maps to it."""
    for k, s, d, pads in exhaustive():
        for o in range(1, 5):
            preimage = [i for i in range(2, 40) if count_windows(i, k, s, pads, d) == o]
            reachable = []
            for a in range(s):
                try:
                    size = conv_transpose_output_size(o, k, strides=s, dilation=d, padding=(pads,), output_padding=a)
                except ValueError:
                    continue
                reachable += size
            assert [i for i in reachable if i >= 2] == preimage


@pytest.mark.parametrize("padding", ["SAME", "SAME_LOWER"])
@pytest.mark.parametrize("d", [1, 2])
def test_same_gives_the_ceiling(padding, d):
    for i in range(1, 14):
        for s in range(1, 5):
            for k in range(1, 6):
                arguments = {"strides": s, "padding": padding, "dilation": d}
                o = -(-i // s)
                assert conv_output_size(i, k, **arguments) == (o,)
                assert conv_transpose_output_size(o, k, **arguments) == (s * o,)
                lo, hi = ConvGeometry(k, **arguments).pads(i)[0]
                assert 0 <= (hi - lo if padding == "SAME" else lo - hi) <= 1
                # No padding is spent where the last window already fits.
                assert lo + hi == max((o - 1) * s + d * (k - 1) + 1 - i, 0)


def test_causal_pads_before_only():
    assert ConvGeometry((3, 2), padding="CAUSAL", dilation=(2, 1)).pads((7, 8)) == ((4, 0), (1, 0))


def test_anticausal_pads_after_only_and_its_transpose_has_s_positions_for_each():
    geometry = ConvGeometry((3, 2), padding="ANTICAUSAL", strides=(3, 5), dilation=(2, 1))
    assert geometry.pads((7, 8)) == ((0, 4), (0, 1))
    assert geometry.output_size((7, 8)) == (3, 2)
    assert geometry.transpose_output_size((3, 2)) == (9, 10)
    assert geometry.transpose_output_size((3, 2), output_padding=(-2, -4)) == (7, 6)
    assert geometry.input_size_range((3, 2)) == ((7, 9), (6, 10))
    with pytest.raises(ValueError, match=r"`output_padding` must be in \[-2, 0\] on spatial axis 0"):
        geometry.transpose_output_size((3, 2), output_padding=(1, 0))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_output_padding_leads_back(ndim):
    @given(geometries(ndim))
    def check(drawn):
        input_size, arguments = drawn
        kernel_size = arguments.pop("kernel_size")
        arguments.pop("groups")
        o = conv_output_size(input_size, kernel_size, **arguments)
        a = output_padding_for(input_size, kernel_size, **arguments)
        assert conv_transpose_output_size(o, kernel_size, output_padding=a, **arguments) == input_size
        geometry = ConvGeometry(kernel_size, **arguments)
        assert geometry.transpose_output_size(o, target=input_size) == input_size

    check()


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_padding_forms_agree(k, s, p, d):
    forms = [p, (p, p), ((p, p), (p, p)), [[p, p], (p, p)], [p, (p, p)]]
    geometries = {ConvGeometry((k, k), strides=s, padding=form, dilation=d) for form in forms}
    assert len(geometries) == 1


def test_geometry_is_hashable_and_normal():
    one = ConvGeometry(3, strides=2, padding="same")
    assert one == ConvGeometry((3,), strides=(2,), padding="SAME")
    assert hash(one) == hash(ConvGeometry([3], strides=[2], padding="SAME"))
    assert ConvGeometry((3, 2), **one.arguments() | {"strides": (2, 1), "dilation": 1}).strides == (2, 1)


def test_no_spatial_axes():
    assert conv_output_size((), ()) == ()
    assert conv_transpose_output_size((), ()) == ()
