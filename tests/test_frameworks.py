"""A framework is one object; and `jtconv.compat` of MLX and PaddlePaddle, which are one file each."""

import ast
import inspect
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import loop_conv_transpose

from jtconv import conv_transpose, explain, explain_from, weights
from jtconv._frameworks import registry
from jtconv._frameworks.framework import Framework, Signature
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import NoEquivalent
from jtconv._frameworks.reading import layer_spec
from jtconv.cli import main
from jtconv.compat import mlx, paddle

ROOT = Path(registry.__file__).parents[1]


def small_ints(seed, *shape):
    """Sums of their products are exact."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


def read_made_up(y_size, kernel_size, *, step=1):
    ndim = len(kernel_size)
    return layer_spec(
        y_size, kernel_size, strides=(step,) * ndim, pads=((0, 0),) * ndim, dilation=(1,) * ndim, groups=1
    )


def write_made_up(layer):
    if layer.ndim != 1:
        raise NoEquivalent("made_up has one axis")
    return f"made_up.Up({layer.out_ch}, {layer.spec.kernel_size[0]}, step={layer.spec.strides[0]})"


MADE_UP = Framework(
    name="made_up",
    title="Made up",
    before="import made_up\n\nlayer = ",
    write=write_made_up,
    layout=KernelLayout(leading=1),
    parameters=(Parameters("made_up", "taps", "offset", KernelLayout(), KernelLayout(leading=1)),),
    modules=("mu",),
    family="inventions",
    signatures=(
        Signature("made_up.Up", "ch taps step * bias", read_made_up, kernel_size="taps", out_ch="ch", bias="bias"),
    ),
)


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setitem(registry.FRAMEWORKS, "made_up", MADE_UP)


@pytest.mark.usefixtures("made_up")
def test_one_object_is_all_that_a_framework_needs(capsys):
    written = explain(5, 4, strides=3, in_ch=7, out_ch=2).equivalents
    assert list(written)[-1] == "made_up"
    assert written["made_up"].call == "made_up.Up(2, 4, step=3)"
    assert written["made_up"].kernel_shape == (7, 4, 2)
    assert explain((5, 5), 4).equivalents["made_up"].reason == "made_up has one axis"
    assert explain(5, 1, padding=-1, strides=2).equivalents["made_up"].call is not None
    for framework, call in (("made_up", "Up(2, 4, step=3)"), ("inventions", "mu.Up(2, 4, 3)")):
        read = explain_from(framework, call, 5)
        assert (read.transposed_size, read.out_ch, read.use_bias) == ((16,), 2, True)
    with pytest.raises(ValueError, match=r"say --from made_up\."):
        explain_from("torch", "mu.Up(2, 4, 3)", 5)
    assert weights.layer_from({"taps": np.zeros((7, 4, 2))}, "made_up")["kernel"].shape == (4, 2, 7)
    assert main(["explain", "--from", "made_up", "Up(2, 4, step=3)", "--input-size", "5"]) == 0
    assert "made_up  made_up.Up(2, 4, step=3)" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    assert "made_up, inventions" in " ".join(capsys.readouterr().out.split())


def test_a_longer_name_moves_the_column_of_calls(monkeypatch):
    monkeypatch.setitem(registry.FRAMEWORKS, "made_up_later", replace(MADE_UP, name="made_up_later"))
    calls = [line for line in str(explain(5, 4)).splitlines() if "torch.nn." in line or "made_up.Up" in line]
    assert [line.index(call) for line, call in zip(calls, ("torch.nn.", "made_up.Up"), strict=True)] == [17, 17]


def test_without_it_nothing_knows_of_it():
    assert "made_up" not in explain(5, 4).equivalents
    with pytest.raises(ValueError, match="`framework` must be one of"):
        explain_from("made_up", "Up(2, 4, step=3)", 5)


def test_frameworks_import_geometry_alone():
    allowed = ("jtconv._frameworks", "jtconv._geometry")
    for path in (ROOT / "_frameworks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            assert not str(module).startswith("jtconv") or str(module).startswith(allowed), path.name


@pytest.mark.parametrize(
    ("framework", "call", "size"),
    [
        ("mlx", "mlx.nn.ConvTranspose2d(8, 32, (4, 3), 2, 1, 1, 1)", (15, 18)),
        ("mlx", "nn.ConvTranspose2d(8, 32, 3, stride=2, padding=3)", (7, 11)),  # a position of y on either side
        ("mlx", "mx.conv_transpose2d(y, w, 2, 1)", (13, 17)),
        ("paddle", "paddle.nn.Conv2DTranspose(8, 32, 4, 2, 1, 1, 2)", (18, 22)),
        ("paddle", "nn.Conv2DTranspose(8, 32, 3, 2, 'same', data_format='NHWC')", (13, 17)),
        ("paddle", "F.conv2d_transpose(y, w, None, 2, [1, 0, 0, 1])", (14, 18)),
        ("paddle", "F.conv2d_transpose(y, w, stride=2, output_size=[16, 19])", (16, 19)),
    ],
)
def test_layers_of_mlx_and_paddle_are_read(framework, call, size):
    taps = 3 if "(y, w" in call else None
    assert explain_from(framework, call, (7, 9), kernel_size=taps).transposed_size == size


def test_groups_and_dilation_stand_in_paddles_own_orders():
    assert explain_from("paddle", "nn.Conv1DTranspose(8, 32, 4, 2, [1, 0], 1, 2)", 7).geometry.groups == 2
    assert explain_from("paddle", "nn.Conv2DTranspose(8, 32, 4, 2, 1, 1, 2)", 7).geometry.dilation == (2, 2)
    assert explain_from("paddle", "F.conv3d_transpose(y, w, b, 2, 1, 1, 2)", 7, kernel_size=4).geometry.groups == 2


def test_bias_and_channels_of_mlx_and_paddle():
    def told(framework, call):
        layer = explain_from(framework, call, 7)
        return layer.in_ch, layer.out_ch, layer.use_bias

    assert told("mlx", "nn.ConvTranspose2d(64, 32, 4, bias=False)") == (64, 32, False)
    assert told("paddle", "nn.Conv2DTranspose(64, 32, 4, bias_attr=None)") == (64, 32, True)
    assert told("paddle", "nn.Conv2DTranspose(64, n, 4, bias_attr=False)") == (64, None, False)


@pytest.mark.parametrize(
    ("framework", "call", "message"),
    [
        ("mlx", "torch.nn.ConvTranspose2d(8, 32, 3)", "say --from torch."),
        ("torch", "mx.conv_transpose2d(y, w)", "say --from mlx."),
        ("mlx", "nn.ConvTranspose2d(8, 32, 3, padding=12)", "`padding` 12 and `output_padding` 0 leave no output"),
        ("paddle", "nn.Conv2DTranspose(8, 32, 3, 2, output_padding=2)", "`output_padding` must give a size in [15, 1"),
    ],
)
def test_what_cannot_be_read_is_said_in_their_words(framework, call, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the message is compared below)
        explain_from(framework, call, 7)
    assert message in str(error.value)


def test_reasons_of_mlx_and_paddle():
    def reason(framework, **arguments):
        return str(explain((7, 9), 3, **arguments).equivalents[framework].reason)

    assert "paddle pads by 0 or more" in reason("paddle", padding=-1)
    assert "take [3:12, 3:16] of its result" in reason("mlx", strides=2, padding=3)
    assert reason("mlx", groups=2) == "mlx.nn.ConvTranspose2d has no groups; mlx.core.conv_transpose1d and 2d have"


@pytest.mark.parametrize("leading", [0, 1, 2])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
def test_layouts_there_and_back(leading, reverse, swapped, groups):
    layout, kernel = KernelLayout(leading, reverse, swapped), small_ints(0, 4, 3, 5, 6)
    stored = layout.from_ours(kernel, groups)
    np.testing.assert_array_equal(layout.to_ours(stored, groups), kernel)
    assert layout.kernel_shape(stored.shape, groups) == kernel.shape
    first, second = (6 // groups, 5 * groups) if swapped else (5, 6)
    assert stored.shape == (*(second, first)[:leading], 4, 3, *(first, second)[: 2 - leading])


@pytest.mark.parametrize("groups", [1, 2])
def test_parameters_of_mlx_and_paddle(groups):
    """The kernel read is the one with which `jtconv.conv_transpose` has the peer's numbers."""
    y, bias = small_ints(0, 1, 5, 2 * groups), small_ints(1, 3 * groups)
    cases = (
        ("mlx", small_ints(2, 3 * groups, 4, 2), lambda w: mlx.conv_transpose1d(y, w, 2, groups=groups)),
        ("paddle", small_ints(3, 2 * groups, 3, 4), lambda w: paddle.conv1d_transpose(y, w, **by_paddle)),
    )
    by_paddle = {"stride": 2, "groups": groups, "data_format": "NLC"}
    for framework, stored, theirs in cases:
        ours = weights.layer_from({"weight": stored, "bias": bias}, framework, groups=groups)
        x = conv_transpose(y, ours["kernel"], strides=2, groups=groups)
        np.testing.assert_array_equal(x, theirs(stored))
        back = weights.layer_to(ours, framework, groups=groups)
        np.testing.assert_array_equal(back["weight"], stored)
    forward = small_ints(4, 6, 3, 2)  # mlx.nn.Conv1d(2 * 2, 6, 3), of two groups
    kernel = weights.layer_from({"weight": forward}, "mlx", kind="conv", groups=2)["kernel"]
    np.testing.assert_array_equal(kernel, forward.transpose(1, 2, 0))


MLX = "(input, weight, /, stride=1, padding=0, dilation=1, output_padding=0, groups=1, *, stream=None)"
PADDLE = (
    "(x, weight, bias=None, stride=1, padding=0, output_padding=0, {}, output_size=None, data_format='{}', name=None)"
)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (mlx.conv_transpose1d, MLX),
        (mlx.conv_transpose2d, MLX),
        (mlx.conv_transpose3d, MLX),
        (paddle.conv1d_transpose, PADDLE.format("groups=1, dilation=1", "NCL")),
        (paddle.conv2d_transpose, PADDLE.format("dilation=1, groups=1", "NCHW")),
        (paddle.conv3d_transpose, PADDLE.format("groups=1, dilation=1", "NCDHW")),
    ],
)
def test_signature(function, signature):
    given = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in given.parameters.values()]
    assert str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == signature


def looped(y, kernel, x_size, **geometry):
    """C transposed by loops, for y (N, *size, ch) and our kernel."""
    return loop_conv_transpose(y, kernel, x_size, **geometry)


@pytest.mark.parametrize(
    ("s", "p", "d", "a", "groups", "size"),
    [
        (1, 0, 1, 0, 1, 7),
        (2, 1, 1, 1, 1, 10),
        (2, 1, 2, 3, 2, 14),  # output_padding beyond the stride
        (3, -1, 1, 0, 1, 17),
        (2, 1, 1, -1, 2, 8),
    ],
)
def test_mlx_numbers(s, p, d, a, groups, size):
    y, weight = small_ints(1, 2, 5, 2 * groups), small_ints(2, 3 * groups, 3, 2)
    x = mlx.conv_transpose1d(y, weight, s, p, d, a, groups)
    kernel = np.concatenate([part.transpose(1, 0, 2) for part in np.split(weight, groups)], axis=-1)
    expected = looped(y, kernel, (size,), strides=s, padding=((p, p - a),), dilation=d, groups=groups)
    np.testing.assert_array_equal(x, expected)


def test_mlx_crops_its_input_where_padding_exceeds_the_kernel():
    y, weight = small_ints(1, 2, 5, 3), small_ints(2, 4, 3, 3)
    x = mlx.conv_transpose1d(y, weight, stride=2, padding=3)
    np.testing.assert_array_equal(x, mlx.conv_transpose1d(y[:, 1:-1], weight, stride=2, padding=2))
    assert x.shape == (2, 3, 4)


def test_mlx_on_more_axes_and_dtypes():
    y, weight = small_ints(1, 2, 3, 4, 2), small_ints(2, 5, 2, 3, 2)
    x = mlx.conv_transpose2d(y, weight, (2, 1), (0, 1), output_padding=(1, 0))
    expected = looped(y, weight.transpose(1, 2, 0, 3), (7, 4), strides=(2, 1), padding=((0, -1), (1, 1)))
    np.testing.assert_array_equal(x, expected)
    deep = mlx.conv_transpose3d(y[:, :, :, None], weight[:, :, :, None], (2, 1, 1), (0, 1, 0), 1, (1, 0, 0))
    np.testing.assert_array_equal(deep[:, :, :, 0], x)
    mixed = mlx.conv_transpose2d(jnp.asarray(y, "bfloat16"), jnp.asarray(weight, "float16"))
    assert mixed.dtype == jnp.float32


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"stride": 0}, ValueError, "`stride` must be at least 1, got 0"),
        ({"stride": (2,)}, TypeError, r"`stride` must be an int, got \(2,\)"),
        ({"dilation": 1.5}, TypeError, "`dilation` must be an int, got 1.5"),
        ({"padding": 5}, ValueError, "`padding` 5 and `output_padding` 0 leave no output on spatial axis 0"),
        ({"output_padding": -9}, ValueError, "`padding` 0 and `output_padding` -9 leave no output"),
        ({"groups": 0}, ValueError, "`groups` must be at least 1, got 0"),
        ({"groups": 3}, ValueError, "`groups` must divide axis 0 of `weight` = "),
        ({"groups": 2}, ValueError, "`input` must have the 6 channels that `weight` takes, got 3"),
    ],
)
def test_mlx_refuses_in_its_words(arguments, error, message):
    with pytest.raises(error, match=message):
        mlx.conv_transpose1d(small_ints(1, 2, 5, 3), small_ints(2, 4, 3, 3), **arguments)


@pytest.mark.parametrize(
    ("input", "weight", "error", "message"),
    [
        (np.ones((5, 3)), np.ones((4, 3, 3)), ValueError, r"must be \(N, \*size, in_ch\) and .* with 1 spatial axis"),
        (np.ones((2, 0, 3)), np.ones((4, 3, 3)), ValueError, "`input` must have no empty spatial axis"),
        (np.ones((2, 5, 3)), np.ones((4, 0, 3)), ValueError, "`weight` must have no empty axis"),
        (np.ones((2, 5, 3), complex), np.ones((4, 3, 3)), TypeError, "`input` must have a floating dtype"),
        (np.ones((2, 5, 3)), np.ones((4, 3, 3), int), TypeError, "`weight` must have a floating or complex dtype"),
    ],
)
def test_mlx_refuses_arrays(input, weight, error, message):
    with pytest.raises(error, match=message):
        mlx.conv_transpose1d(input, weight)


def test_mlx_has_no_groups_on_three_axes():
    with pytest.raises(ValueError, match="`groups` must be 1 with more than two spatial axes, got 2"):
        mlx.conv_transpose3d(np.ones((1, 2, 2, 2, 4)), np.ones((2, 1, 1, 1, 2)), groups=2)


@pytest.mark.parametrize(
    ("arguments", "size", "pads", "d"),
    [
        ({}, (6, 6), ((0, 0), (0, 0)), 1),
        ({"stride": [2, 3], "padding": 1}, (6, 10), ((1, 1), (1, 1)), 1),
        ({"stride": 2, "padding": [1, 0], "output_padding": [1, 0]}, (7, 9), ((1, 1), (0, 0)), 1),
        ({"stride": 2, "padding": [1, 0, 0, 2], "dilation": 2}, (10, 9), ((1, 0), (0, 2)), 2),
        ({"stride": 2, "padding": [[0, 0], [0, 0], [0, 1], [2, 0]]}, (7, 7), ((0, 1), (2, 0)), 1),
        ({"stride": 2, "padding": "valid", "output_size": (8, 10)}, (8, 10), ((0, 0), (0, 0)), 1),
        ({"padding": "SAME", "dilation": 2}, (3, 4), ((1, 2), (1, 1)), 1),  # the dilation is dropped
        ({"stride": 2, "padding": "SAME", "output_size": [6, 8]}, (6, 8), ((1, 2), (0, 1)), 1),
    ],
)
def test_paddle_numbers(arguments, size, pads, d):
    """By loops, of two groups, the channels first and last, with a bias."""
    k = (4, 3)
    y, weight, bias = small_ints(1, 2, 3, 4, 4), small_ints(2, 4, 3, *k), small_ints(3, 6)
    kernel = weight.transpose(2, 3, 1, 0)
    strides = arguments.get("stride", 1)
    expected = looped(y, kernel, size, strides=strides, padding=pads, dilation=d, groups=2) + bias
    first = paddle.conv2d_transpose(np.moveaxis(y, -1, 1), weight, bias, groups=2, **arguments)
    np.testing.assert_array_equal(np.moveaxis(np.asarray(first), 1, -1), expected)
    padding = arguments.get("padding", 0)
    if isinstance(padding, list) and isinstance(padding[0], list):
        arguments = arguments | {"padding": [padding[0], *padding[2:], padding[1]]}
    last = paddle.conv2d_transpose(y, weight, bias, groups=2, data_format="NHWC", **arguments)
    np.testing.assert_array_equal(last, expected)


def test_paddle_on_one_and_three_axes():
    y, weight = small_ints(1, 2, 3, 5), small_ints(2, 3, 2, 4)
    line = paddle.conv1d_transpose(y, weight, None, 2, [1, 0], 1)
    expected = looped(y.swapaxes(1, 2), weight.transpose(2, 1, 0), (12,), strides=2, padding=((1, 0),))
    np.testing.assert_array_equal(np.swapaxes(line, 1, 2), expected)
    deep = paddle.conv3d_transpose(
        y[..., None, None], weight[..., None, None], None, [2, 1, 1], [1, 0, 0, 0, 0, 0], [1, 0, 0]
    )
    np.testing.assert_array_equal(deep[..., 0, 0], line)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"stride": 0}, ValueError, "`stride` must be at least 1, got 0"),
        ({"stride": (2, 1, 1)}, ValueError, "`stride` must be an int or 2 ints"),
        ({"dilation": 0}, ValueError, "`dilation` must be at least 1, got 0"),
        ({"padding": -1}, ValueError, "`padding` must be at least 0, got -1"),
        ({"padding": "CAUSAL"}, ValueError, "`padding` must be one of 'SAME', 'VALID', got 'CAUSAL'"),
        ({"padding": [[1, 1], [1, 1]]}, TypeError, "`padding` must be an int, got"),
        ({"padding": [1, 1, 1]}, ValueError, r"`padding` must be 'an int', '2 or 4 ints', 'SAME', 'VALID', or 4"),
        ({"padding": [[0, 1], [0, 0], [1, 1], [1, 1]]}, ValueError, r"`padding` must be \(0, 0\) for N and C"),
        ({"padding": 9}, ValueError, "`padding` leaves -11 positions on spatial axis 0"),
        ({"stride": 2, "output_padding": 2}, ValueError, r"`output_padding` must give a size in \[11, 12\] .* got 2"),
        ({"dilation": 3, "output_padding": 2}, ValueError, "`output_padding` must give a size in"),
        ({"stride": 2, "output_size": 13}, ValueError, r"`output_size` must give a size in \[11, 12\].*, got 13"),
        ({"output_size": 7, "output_padding": 1}, ValueError, "give `output_size` or `output_padding`, not both"),
        ({"groups": 2}, ValueError, "`groups` must divide axis 0 of `weight` = "),
        ({"data_format": "NCL"}, ValueError, "`data_format` must be one of 'NCHW', 'NHWC', got 'NCL'"),
        ({"data_format": None}, TypeError, "`data_format` must be a string"),
        ({"data_format": "NHWC"}, ValueError, "`x` must have the 3 channels that `weight` takes, got 5"),
        ({"bias": np.ones(2, int)}, TypeError, "`bias` must have a floating"),
        ({"bias": np.ones(3)}, ValueError, r"`bias` must have shape \(2,\)"),
        ({"x": np.ones((3, 5, 5), "float32")}, ValueError, "`x` and `weight` must have 4 axes, 2 of them spatial"),
        ({"x": np.ones((1, 3, 5, 5), "float64")}, TypeError, "`x` and `weight` must have one dtype"),
        ({"x": np.ones((1, 3, 5, 5), "complex64")}, TypeError, "`x` must have a floating dtype"),
    ],
)
def test_paddle_refuses_in_its_words(arguments, error, message):
    given = {"x": small_ints(1, 1, 3, 5, 5), "weight": small_ints(2, 3, 2, 3, 3)}
    with pytest.raises(error, match=message), jax.enable_x64(True):
        paddle.conv2d_transpose(**(given | arguments))
