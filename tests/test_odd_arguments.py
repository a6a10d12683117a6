"""Arguments that random calls found to end in somebody else's error, or in none: see `tests.checks.fuzz`."""

# pyright: reportArgumentType=false
# (wrong arguments are what it is about)

from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_array_equal

import jtconv
import jtconv.linen
import jtconv.nn
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv.compat import equinox, flax, haiku, keras, lax, tf, torch
from jtconv.weights import Preprocessing, layer_from, layer_to, load, load_into, network_from, save

Y, KERNEL = np.ones((2, 5, 6, 3), np.float32), np.ones((4, 3, 2, 3), np.float32)
LINE, TAPS = np.ones((2, 5, 3), np.float32), np.ones((4, 2, 3), np.float32)
ENDLESS: Any = range(10**12)
ODD: Any = np.array([True, False])


def cyclic() -> Any:
    result: list[Any] = [1.0]
    result.append(result)
    return result


@pytest.mark.parametrize("name", ["strides", "dilation", "padding", "output_padding", "output_size"])
def test_a_range_without_end_is_not_gone_through(name):
    with pytest.raises(ValueError, match=f"`{name}`.*range"):
        jtconv.conv_transpose(Y, KERNEL, **{name: ENDLESS})


def test_sizes_on_more_axes_than_arrays_have():
    with pytest.raises(ValueError, match="`kernel_size` must have at most 64 entries.* 1,000,000,000,000"):
        jtconv.ConvGeometry(ENDLESS)
    for arguments in ((ENDLESS, 3), (3, ENDLESS)):
        with pytest.raises(ValueError, match="`input_size` and `kernel_size` must have at most 64 entries"):
            jtconv.conv_output_size(*arguments)


def test_a_number_that_python_does_not_print():
    with pytest.raises(ValueError, match="`strides` must be smaller than .* got a value of type int"):
        jtconv.conv(Y, np.ones((4, 3, 3, 2)), strides=10**5000)
    with pytest.raises(TypeError, match="`padding_mode` must be a string.* got a value of type int"):
        jtconv.ConvGeometry(3, padding_mode=10**5000)


def test_messages_are_short():
    with pytest.raises(ValueError, match="`strides`") as error:
        jtconv.conv_transpose(Y, KERNEL, strides=[1] * 10**5)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("argument", [{"strides": 0}, {"dilation": -1}, {"dilation": "Valid"}])
def test_arguments_are_checked_on_no_axis_too(argument):
    with pytest.raises((TypeError, ValueError), match=f"`{next(iter(argument))}` must be"):
        jtconv.conv(np.ones((3, 2)), np.ones((2, 4)), **argument)


def test_a_list_in_itself_is_refused_and_leaves_pythons_stack():
    def deep(n: int) -> int:
        return 0 if n == 0 else 1 + deep(n - 1)

    with pytest.raises(TypeError, match="`y` must be an array that JAX can hold, got list: it is nested"):
        jtconv.conv_transpose(cyclic(), KERNEL)
    assert deep(400) == 400


@pytest.mark.parametrize("dtype", [np.dtype(">f4"), np.longdouble, "M8"])
def test_dtypes_that_jax_does_not_have(dtype):
    with pytest.raises(TypeError, match="`preferred_element_type` must be a floating or complex dtype"):
        jtconv.conv_transpose(Y, KERNEL, preferred_element_type=dtype)
    with pytest.raises(TypeError, match="`dtype` must be a floating or complex dtype"):
        jtconv.nn.Conv(3, 2, (4, 3), dtype=dtype, rngs=nnx.Rngs(0))


def test_dtypes_that_do_not_promote():
    small = Y.astype(ml_dtypes.float8_e4m3fn)
    with pytest.raises(TypeError, match="the arrays must have dtypes that promote to one, got float8_e4m3fn and"):
        jtconv.conv_transpose(small, KERNEL)
    with pytest.raises(TypeError, match="`preferred_element_type` must be a dtype that the arrays' own promotes with"):
        jtconv.conv_transpose(Y, KERNEL, preferred_element_type=ml_dtypes.float8_e4m3fn)
    with pytest.raises(TypeError, match="`inputs`, `kernel` and `bias` must have dtypes that promote to one"):
        flax.conv_transpose(LINE, np.ones((4, 3, 2), np.float32), jax.random.key(0), 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: jtconv.conv(Y, np.ones((4, 3, 3, 2)), padding=2**30),
        lambda: jtconv.conv_matrix(KERNEL, (9, 8), padding=2**30),
        lambda: jtconv.ConvOperator(KERNEL, (9, 8), padding=2**30),
        lambda: jtconv.conv_transpose(np.ones((2, 2, 2, 1)), np.ones((1,) * 5), strides=2**30 - 1),
        lambda: torch.conv_transpose1d(np.ones((2, 3, 5)), np.ones((3, 2, 4)), stride=2**31 - 1),
    ],
)
def test_more_positions_than_xla_counts(call):
    with pytest.raises(ValueError, match=r"must have fewer than 2\*\*"):
        call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: torch.conv_transpose1d(np.ones((2, 3, 5)), np.ones((3, 2, 4)), "bias"),
            TypeError,
            "`bias` must be",
        ),
        (
            lambda: tf.conv_transpose(LINE, TAPS, ENDLESS, 2),
            ValueError,
            "`output_shape` must be a sequence of 3 to 5",
        ),
        (
            lambda: tf.conv1d_transpose(LINE, TAPS, ENDLESS, 2),
            ValueError,
            r"`output_shape` must be \(N, \*size, out_ch\)",
        ),
        (lambda: haiku.conv_transpose(LINE, None), TypeError, "`w` must be an array"),
        (lambda: haiku.conv_transpose(LINE, TAPS[:0]), ValueError, "`w` must have no empty axis"),
        (lambda: haiku.conv_transpose(LINE, TAPS, mask="x"), TypeError, "`mask` must be an array"),
        (lambda: haiku.conv_transpose(LINE, 1.0, mask=jax.random.key(0)), TypeError, "`mask` must be an array of num"),
        (lambda: jtconv.explain_from("torch", 10**5000, 7), TypeError, "`call` must be a string, got a value of type"),
        (lambda: haiku.conv_transpose(LINE, TAPS, output_shape=5, padding=ODD), ValueError, "`padding` must be 'SAME'"),
        *(
            (lambda path=path: load(path), ValueError, "`path` must be one that the file system can hold")
            for path in ("\ud800", "a\0b")
        ),
        (
            lambda: equinox.conv_transpose(
                LINE[0].T, np.ones((2, 3, 4), np.float32), np.ones((2, 1), ml_dtypes.float8_e4m3fn)
            ),
            TypeError,
            "`bias` must have a dtype that promotes with the result's",
        ),
        (
            lambda: save("/nonexistent/a.npz", {"kernel": [[1.0], [2.0, 3.0]]}),
            ValueError,
            "`arrays`: 'kernel' must hold an array, got list",
        ),
        (lambda: flax.conv_transpose("x", TAPS), TypeError, "`inputs` must be an array"),
        (
            lambda: flax.conv_transpose(LINE, TAPS, transpose_kernel=ODD),
            TypeError,
            "`transpose_kernel` must",
        ),
        (lambda: keras.conv_transpose(LINE, TAPS[:0]), ValueError, "`kernel` must have no empty axis"),
        (lambda: lax.conv_transpose(LINE, TAPS, (2,), "SAME", transpose_kernel=ODD), TypeError, "`transpose_kernel`"),
        *(
            (lambda n=numbers: lax.conv_transpose(LINE, TAPS, (2,), "SAME", None, n), TypeError, "`dimension_numbers`")
            for numbers in ("NHC", 1j, ((1,),), ("NHC", "HIO"), ("NNC", "HIO", "NHC"))
        ),
        (
            lambda: jtconv.nn.Conv(3, 2, 4, kernel_init=2, rngs=nnx.Rngs(0)),
            TypeError,
            "`kernel_init` must",
        ),
        (
            lambda: jtconv.nn.Conv(3, 2, 4, use_bias=ODD, rngs=nnx.Rngs(0)),
            TypeError,
            "`use_bias` must be",
        ),
        (lambda: jtconv.nn.Conv(3, 2, 4, mask=[1, None], rngs=nnx.Rngs(0)), TypeError, "`mask` must be an array"),
        (lambda: jtconv.linen.Conv(2, 4, bias_init=2), TypeError, "`bias_init` must be a function"),
        (lambda: jtconv.linen.Conv(2, 4, bias_init=None), TypeError, "`bias_init` must be a function"),
        (
            lambda: jtconv.ConvGeometry(3, padding=(10**5000, 1)),
            ValueError,
            r"pass \(\(a value of type int, 1\),\)",
        ),
    ],
)
def test_errors_of_other_libraries_are_ours(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Preprocessing.torch().with_channels("4"), TypeError, "`in_ch` must be an int"),
        (lambda: Preprocessing.torch().with_channels(0), ValueError, "`in_ch` must be at least 1"),
        (lambda: Preprocessing.torch().with_channels(2**30), ValueError, "`in_ch` must be at most 1,000,000"),
        (lambda: Preprocessing.torch()([[1.0], [1.0, 2.0]]), TypeError, "`picture` must be an array"),
        (lambda: Preprocessing.from_entries(None), TypeError, "`entries` must be a mapping"),
        (lambda: layer_from({"weight": KERNEL}, "torch", prefix=4), TypeError, "`prefix` must be a string"),
        (
            lambda: layer_to({"kernel": [[1.0], [2.0, 3.0]]}, "torch"),
            ValueError,
            "'kernel' must hold numbers",
        ),
        (lambda: network_from({"features.0.weight": KERNEL}, 1.5), TypeError, "`model` must be a network"),
        (lambda: load_into(object(), {"features.0.weight": KERNEL}), TypeError, "`model` must be a network"),
        (lambda: load({1, 2}), TypeError, "`path` must be a path"),
        (lambda: save(2, {}), TypeError, "`path` must be a path"),
        (lambda: save("a.npz", "arrays"), TypeError, "`arrays` must be a mapping"),
    ],
)
def test_parameters_of_odd_kinds(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_numbers_that_are_arrays_are_taken():
    operator = jtconv.ConvOperator(np.ones((2, 1, 1), np.float32), 3)
    assert operator.singular_values(jnp.array(1), tolerance=jnp.array(0.1)).shape == (1,)


def test_small_integers_do_not_overflow_in_explain():
    assert jtconv.explain(7, 4, in_ch=np.uint8(255), out_ch=np.uint8(255)).costs == (
        jtconv.explain(7, 4, in_ch=255, out_ch=255).costs
    )


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_inputs_seen_counts_each_once(mode):
    """Several taps of one window may read the same position where the padding folds back."""
    explained = jtconv.explain(5, 4, strides=2, dilation=2, padding=3, padding_mode=mode)
    spec = explained.geometry.at(explained.transposed_size)
    seen: dict[int, set[int]] = {}
    for o, row in enumerate(spec.tap_source(0).tolist()):
        for position in row:
            seen.setdefault(position, set()).add(o)
    seen.pop(-1, None)
    assert explained.receptive_field == (max(map(len, seen.values())),)


def test_large_sizes_are_explained_in_time():
    assert jtconv.explain(10**6, 4, strides=2).overlap[0][:6] == (1, 1, 2, 2, 2, 2)


def test_arrays_of_other_kinds_are_taken():
    expected = np.asarray(jtconv.conv_transpose(Y, KERNEL))
    for y in (Y.tolist(), memoryview(Y), np.asfortranarray(Y), jnp.asarray(Y), [*jnp.asarray(Y)]):
        assert (np.asarray(jtconv.conv_transpose(y, KERNEL)) == expected).all()


@pytest.mark.parametrize(("mode", "numpy_mode"), [("circular", "wrap"), ("reflect", "reflect")])
def test_padding_that_goes_round_many_times(mode, numpy_mode):
    """The program does not grow with it. Transposed, every position gets back what was copied from it."""
    x, one, layer = (
        np.array([[1.0], [2.0], [4.0]]),
        np.ones((1, 1, 1)),
        {"padding": ((10**5, 7),), "padding_mode": mode},
    )
    source = np.pad(np.arange(3), (10**5, 7), mode=numpy_mode)
    y = np.arange(len(source)) % 5.0
    with jax.enable_x64():
        assert_array_equal(jtconv.conv(x, one, **layer)[:, 0], x[source, 0])
        back = jtconv.conv_transpose(y[:, None], one, output_size=3, **layer)
    assert_array_equal(back[:, 0], np.bincount(source, y))
