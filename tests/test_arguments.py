"""Wrong arguments: a TypeError or ValueError that names the argument, the rule, the value, the remedy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jtconv import (
    ConvGeometry,
    conv,
    conv_matrix,
    conv_output_size,
    conv_transpose,
    conv_transpose_output_size,
    output_padding_for,
    verify_transpose,
)

Y, X, KERNEL = np.ones((2, 5, 6, 3)), np.ones((2, 9, 8, 2)), np.ones((4, 3, 2, 3))

GEOMETRY = [
    ({"strides": 0}, ValueError, r"`strides` must be at least 1, got 0"),
    ({"strides": -1}, ValueError, r"`strides` must be at least 1, got -1"),
    ({"strides": (1, 2, 3)}, ValueError, r"`strides` must be an int or 2 ints.*got \(1, 2, 3\)"),
    ({"strides": 1.5}, TypeError, r"`strides` must be an int, got 1.5 \(float\)"),
    ({"strides": "2"}, TypeError, r"`strides` must be an int, got '2'"),
    ({"strides": True}, TypeError, r"`strides` must be an int, got the bool True"),
    ({"dilation": 0}, ValueError, r"`dilation` must be at least 1, got 0"),
    ({"padding": "FULL"}, ValueError, r"`padding` must be one of 'VALID', 'SAME'.*got 'FULL'"),
    ({"padding": (1, 2, 3)}, ValueError, r"`padding` must be a name, an int, or 2 entries.*got \(1, 2, 3\)"),
    ({"padding": ((1, 2, 3), 0)}, ValueError, r"each entry of `padding`.*\(lo, hi\) pair, got \(1, 2, 3\)"),
    ({"padding": None}, TypeError, r"`padding` must be one of 'VALID'.*got None"),
    ({"padding": ("SAME", 1)}, TypeError, r"`padding` must be one of.*got 'SAME'. A name holds for all axes"),
    ({"groups": 2}, ValueError, r"`groups` must divide the kernel's last axis, out_ch = 3, got 2"),
    ({"groups": 0}, ValueError, r"`groups` must be at least 1, got 0"),
    ({"groups": 1.0}, TypeError, r"`groups` must be an int, got 1.0"),
    ({"padding_mode": "wrap"}, ValueError, r"`padding_mode` must be one of 'zeros', 'circular'.*got 'wrap'"),
    ({"padding_mode": 0}, TypeError, r"`padding_mode` must be a string"),
]
ARRAYS = [
    ({"strides": 2, "precision": "best"}, ValueError, r"`precision` must be.*got 'best'"),
    ({"preferred_element_type": jnp.int32}, TypeError, r"`preferred_element_type` must be a floating.*int32"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), GEOMETRY + ARRAYS)
def test_conv_and_conv_transpose(arguments, error, message):
    with pytest.raises(error, match=message):
        conv(X, KERNEL, **arguments)
    with pytest.raises(error, match=message):
        conv_transpose(Y, KERNEL, **arguments)


@pytest.mark.parametrize(("arguments", "error", "message"), GEOMETRY)
def test_matrix_and_verify(arguments, error, message):
    with pytest.raises(error, match=message):
        conv_matrix(KERNEL, (9, 8), **arguments)
    with pytest.raises(error, match=message):
        verify_transpose(KERNEL, (9, 8), **arguments)


TRANSPOSED = [
    ({"method": "fft"}, ValueError, r"`method` must be one of 'auto', 'matrix'.*got 'fft'"),
    ({"method": None}, TypeError, r"`method` must be a string, one of 'auto'"),
    ({"output_padding": 1}, ValueError, r"`output_padding` must be in \[0, 0\] on spatial axis 0 \(stride 1"),
    ({"strides": 2, "output_padding": 2}, ValueError, r"in \[0, 1\].*got 2.*sizes 12 to 13.*maps to 5"),
    ({"strides": 2, "output_padding": -1}, ValueError, r"`output_padding` must be in \[0, 1\].*got -1"),
    ({"strides": 3, "padding": "SAME", "output_padding": 1}, ValueError, r"must be in \[-2, 0\].*'SAME'"),
    ({"strides": 2, "output_size": (12, 20)}, ValueError, r"must be in \[13, 14\] on spatial axis 1, got 20"),
    ({"output_size": (8,)}, ValueError, r"`output_size` must be an int or 2 ints"),
    (
        {"output_size": (8, 8), "output_padding": 0},
        ValueError,
        r"`output_size` or `output_padding`, not both",
    ),
    ({"padding": 9}, ValueError, r"no input size gives an output of 5 on spatial axis 0.*Pad less"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), TRANSPOSED)
def test_conv_transpose_only(arguments, error, message):
    with pytest.raises(error, match=message):
        conv_transpose(Y, KERNEL, **arguments)


@pytest.mark.parametrize(
    ("y", "kernel", "error", "message"),
    [
        (
            np.ones((5, 6)),
            KERNEL,
            ValueError,
            r"`y` must have shape \(\*batch, \*size, channels\) with 2 spatial",
        ),
        (np.ones((5, 6, 2)), KERNEL, ValueError, r"`y` must have 3 channels in its last axis.*got 2"),
        (np.ones((2, 0, 6, 3)), KERNEL, ValueError, r"`y` must have no empty spatial axis"),
        (Y, np.ones((4, 0, 2, 3)), ValueError, r"`kernel` must have no empty axis"),
        (Y, np.ones(3), ValueError, r"`kernel` must have shape \(\*kernel_size, in_ch // groups, out_ch\)"),
        (Y.astype(np.int32), KERNEL, TypeError, r"`y` must have a floating or complex dtype, got int32"),
        (Y, KERNEL.astype(bool), TypeError, r"`kernel` must have a floating or complex dtype, got bool"),
        (Y, None, TypeError, r"`kernel` must be an array that JAX can hold, got NoneType"),
        ("image", KERNEL, TypeError, r"`y` must be an array that JAX can hold, got str"),
    ],
)
def test_arrays(y, kernel, error, message):
    with pytest.raises(error, match=message):
        conv_transpose(y, kernel)


def test_groups_name_the_channels_they_need():
    with pytest.raises(ValueError, match=r"`x` must have 6 channels.*times groups, got 2"):
        conv(X, KERNEL, groups=3)


def test_kernel_that_does_not_fit():
    with pytest.raises(ValueError, match=r"spatial axis 1 the effective kernel size d\(k-1\)\+1 = 9 .*larger"):
        conv(X, KERNEL, dilation=(2, 4))


def test_padding_that_makes_no_sense():
    with pytest.raises(ValueError, match=r"`padding` \(-9, 12\) crops all of `input_size` 9"):
        conv(X, KERNEL, padding=((-9, 12), 0))
    with pytest.raises(ValueError, match=r"'reflect' needs at least 2 positions"):
        conv(np.ones((1, 1)), np.ones((3, 1, 1)), padding=1, padding_mode="reflect")
    with pytest.raises(ValueError, match=r"pass \(\(1, 2\),\)"):
        ConvGeometry(3, padding=(1, 2))


def test_refused_before_anything_is_traced():
    """The same messages under jit, from Python and not from XLA."""
    with pytest.raises(ValueError, match="`output_padding` must be in"):
        jax.jit(lambda y: conv_transpose(y, KERNEL, output_padding=3))(Y)
    with jax.checking_leaks(), pytest.raises(TypeError, match="floating"):
        jax.jit(lambda y: conv_transpose(y, KERNEL))(Y.astype(int))


def test_traced_numbers_are_refused_with_a_remedy():
    for name in ("strides", "padding", "dilation", "output_padding", "output_size"):
        with pytest.raises(TypeError, match=rf"`{name}` must be.*(static_argnames|A name holds)"):
            jax.jit(lambda a, name=name: conv_transpose(Y, KERNEL, **{name: a}))(2)


def test_integers_of_every_kind_are_taken():
    expected = conv_transpose(Y, KERNEL, strides=2, padding=((1, 1), (1, 1))).shape
    kinds: Any = ((np.int64(2), np.array(1)), (jnp.int32(2), jnp.array([1, 1])), ([2, 2], [[1, 1], 1]))
    for two, one in kinds:
        assert conv_transpose(Y, KERNEL, strides=two, padding=one).shape == expected


def test_numbers_that_xla_cannot_count():
    for arguments in ({"strides": 2**40}, {"strides": 2**70}, {"dilation": 2**31}, {"padding": -(2**31)}):
        with pytest.raises(ValueError, match=r"must be smaller than 2\*\*31"):
            conv_transpose(Y, KERNEL, method="lax", **arguments)


def test_an_imaginary_part_is_not_dropped():
    with pytest.raises(TypeError, match=r"`preferred_element_type` must be complex.*float32 for complex"):
        conv(X + 2j, KERNEL, preferred_element_type=jnp.float32)


def test_why_something_is_no_array():
    ragged: Any = [[1.0], [1.0, 2.0]]
    with pytest.raises(TypeError, match=r"`y` must be an array that JAX can hold, got list"):
        conv_transpose(ragged, KERNEL)


@pytest.mark.parametrize("function", [conv_output_size, conv_transpose_output_size, output_padding_for])
@pytest.mark.parametrize(
    ("size", "kernel_size", "error", "message"),
    [
        (0, 3, ValueError, "must be at least 1, got 0"),
        ((7, 7, 7), (3, 3), ValueError, "`kernel_size` must be an int or 3 ints"),
        ((7,), (3, 3), ValueError, "must be an int or 2 ints"),
        (7.0, 3, TypeError, "must be an int, got 7.0"),
        (7, 0, ValueError, "`kernel_size` must be at least 1, got 0"),
    ],
)
def test_size_functions(function, size, kernel_size, error, message):
    with pytest.raises(error, match=message):
        function(size, kernel_size)


def test_matrix_products():
    matrix = conv_matrix(KERNEL, (9, 8))
    with pytest.raises(ValueError, match=r"right operand of @ must have shape \(144,\) or \(144, m\).*ravel"):
        _ = matrix @ X[0]
    with pytest.raises(ValueError, match=r"left operand of @ must have shape \(108,\) or \(m, 108\)"):
        _ = np.ones(7) @ matrix
    with pytest.raises(TypeError, match="floating"):
        _ = matrix @ np.ones(144, int)


def test_matrix_too_large_to_number():
    with pytest.raises(ValueError, match=r"columns and 5,035,261,952 entries.*int32.*conv_transpose"):
        _ = conv_matrix(np.ones((7, 7, 512, 4)), (224, 224), padding="SAME") @ np.ones(224 * 224 * 512)
