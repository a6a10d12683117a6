"""Wrong uses that beginners make: each message names the argument, the rule, the value and the remedy."""

# pyright: reportArgumentType=false, reportCallIssue=false

import shlex

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jtconv import (
    ConvOperator,
    conv,
    conv_matrix,
    conv_transpose,
    linen,
    models,
    nn,
    output_padding_for,
    spatial,
    weights,
)
from jtconv.cli import main
from jtconv.compat import torch

K = jnp.ones((3, 3, 2, 4))
X = jnp.ones((1, 7, 7, 2))
Y = jnp.ones((1, 7, 7, 4))
SIZES = "--input-size 7 --kernel-size 3"

# What is typed after `jtconv`; then the argument, the rule, the value and the remedy as the message has them.
COMMANDS = [
    ("verfiy", "COMMAND", "invalid choice", "verfiy", "did you mean verify?"),
    ("fft", "COMMAND", "invalid choice", "fft", "choose from 'verify', 'explain'"),
    ("explain --kernal-size 3", "arguments", "unrecognized", "--kernal-size", "did you mean --kernel-size?"),
    (f"explain {SIZES} --strides 2.5", "--strides", "must be an int", "'2.5'", "such as 2"),
    ("explain --input-size 7,7 --kernel-size 3", "--input-size", "must be an int", "'7,7'", "with spaces between"),
    (f"overlap {SIZES} --strides 0", "`--strides`", "must be", "got 0", "at least 1"),
    (f"explain {SIZES} --dilation -2", "`--dilation`", "must be", "got -2", "at least 1"),
    (f"explain {SIZES} --padding -1,2", "--padding", "expected", "-1,2", "write --padding=-1,2"),
    (f"matrix {SIZES} --padding half", "`--padding`", "takes", "'half'", "VALID, SAME"),
    (f"verify {SIZES} --groups 3 --channels 4 5", "`--groups`", "must divide", "got 3", "`--channels` = 4"),
    (f"explain {SIZES} --channels 4", "--channels", "expected 2", "--channels", "such as --channels 64 32"),
    (f"verify {SIZES} --output-padding 1", "`--output-padding`", "must be in [0, 0]", "got 1", "padding (p, p - a)"),
    (f"explain {SIZES} --strides 2 --output-size 20", "`--output-size`", "must be in", "got 20", "[15, 16]"),
    (f"explain {SIZES} --output-size 9 --output-padding 0", "--output-padding", "not allowed", "--output-size", "with"),
    ("explain --input-size 7 7 7 --kernel-size 3 3", "`--kernel-size`", "must be", "got (3, 3)", "an int or 3 ints"),
    ("verify --strides 2", "layer", "needs", "`--input-size`", "such as --input-size 7 7"),
    ("matrix --input-size 7", "layer", "needs", "`--kernel-size`", "or `--from`"),
    ("explain --from pytorch f() --input-size 7", "--from pytorch", "one of", "'pytorch'", "'torch'"),
    ("verify --from torch 'Conv2d(3,4,5)' --input-size 7", "--from torch", "one of", "got Conv2d", "ConvTranspose2d"),
    ("explain --from torch 'ConvTranspose2d(3' --input-size 7", "--from torch", "one call", "d(3'", "such as"),
    (
        "explain --from torch 'ConvTranspose2d(3,4,5)' --input-size 7 --channels 3 5",
        "`--channels`", "is 4 in the call", "got 5", "Leave it out",
    ),
    (
        f"explain --from torch f() {SIZES} --strides 2",
        "`--strides`", "must not stand", "`--from`", "in the framework's own words",
    ),
    ("explain --from torch --input-size 7", "--from", "expected 2", "--from", "such as --from torch"),
    ("verify --dtype float8", "--dtype", "invalid choice", "float8", "bfloat16"),
    ("verify --seed -1", "`--seed`", "must be", "got -1", "at least 0"),
    (f"overlap {SIZES} --png a.jpg", "`--png`", "must name", "got a.jpg", "ends in .png"),
    (f"explore {SIZES} 2 2", "explore", "1 or 2 spatial axes", "got 3", "use `jtconv explain`"),
    ("bench --layers vgg", "--layers", "no layer's name", "vgg", "There are: FCN-32s"),
    ("bench --table none.json", "--table", "cannot be read", "none.json", "Write one with --out"),
    ("bench --seconds 0", "--seconds", "must be", "got 0", "above 0"),
    ("bench --plot a.pdf", "--plot", "must end", "a.pdf", ".png or .svg"),
    ("bench --time-limit 3", "--time-limit", "is for", "--compile-for", "--seconds bounds"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "argument", "rule", "value", "remedy"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_wrong_commands(capsys, typed, argument, rule, value, remedy):
    try:
        status = main(shlex.split(typed))
    except SystemExit as left:
        status = left.code
    (message,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert [part for part in (argument, rule, value, remedy) if part not in message] == [], message


RNGS = nnx.Rngs(0)


def with_kernel(shape):
    layer = nn.Conv(2, 4, (3, 3), rngs=RNGS)
    nnx.update(layer, {"kernel": jnp.ones(shape)})
    return layer(X)


def with_bias(channels):
    kernel, bias = jnp.ones((3, 3, 2, 4)), jnp.ones(channels)
    return linen.Conv(4, (3, 3)).apply({"params": {"kernel": kernel, "bias": bias}}, X)


TRACED = jax.jit(lambda x, strides: conv(x, K, strides=strides))
CALLS = {
    "strides as text": (lambda: conv(X, K, strides="2"), "`strides`", "must be an int", "got '2'", "Write 2."),
    "strides as a float": (lambda: conv(X, K, strides=2.0), "`strides`", "must be an int", "got 2.0", "Write 2."),
    "strides None": (lambda: conv(X, K, strides=None), "`strides`", "must be an int", "None", "Leave it out"),
    "traced strides": (lambda: TRACED(X, 2), "`strides`", "must be an int", "Tracer", "static_argnames"),
    "strides of 3 axes": (lambda: conv(X, K, strides=(1, 2, 3)), "`strides`", "must be", "(1, 2, 3)", "2 ints"),
    "output_padding text": (
        lambda: conv_transpose(Y, K, output_padding="1"), "`output_padding`", "must be an int", "'1'", "Write 1.",
    ),
    "padding FULL": (lambda: conv(X, K, padding="FULL"), "`padding`", "must be one of", "'FULL'", "'VALID', 'SAME'"),
    "padding Same_Low": (lambda: conv(X, K, padding="SAME_LOW"), "`padding`", "one of", "'SAME_LOW'", "'SAME_LOWER'"),
    "padding per axis": (lambda: conv(X, K, padding=["SAME"] * 2), "`padding`", "must be", "'SAME'", "for all axes"),
    "padding_mode": (
        lambda: conv(X, K, padding_mode="REFLECT"), "`padding_mode`", "one of", "got 'REFLECT'", "'reflect'",
    ),
    "method": (lambda: conv_transpose(Y, K, method="AUTO"), "`method`", "one of", "got 'AUTO'", "'auto'"),
    "groups": (lambda: conv(X, K, groups=3), "`groups`", "must divide", "got 3", "out_ch = 4"),
    "kernel too large": (lambda: conv(X[:, :2], K), "`input_size`", "does not fit", "input_size` 2", "Pad more"),
    "channels first": (lambda: conv_transpose(jnp.ones((1, 4, 7, 7)), K), "`y`", "must have 4", "7", "come last"),
    "integers": (lambda: conv(jnp.ones((1, 7, 7, 2), int), K), "`x`", "floating", "got int", "jnp.asarray(x"),
    "image @ matrix": (lambda: conv_matrix(K, 7) @ X, "operand of @", "must have", "(1, 7, 7, 2)", "by ravel()"),
    "size as text": (lambda: ConvOperator(K, "7"), "`input_size`", "must be an int", "'7'", "Write 7."),
    "both sizes": (
        lambda: conv_transpose(Y, K, output_size=9, output_padding=0), "`output_padding`", "not both", "9 and", "give",
    ),
    "kernel size": (lambda: output_padding_for(9, 3.0), "`kernel_size`", "must be an int", "3.0", "Write 3."),
    "stride for strides": (lambda: conv(X, K, stride=2), "'stride'", "unexpected keyword", "stride", "mean `strides`?"),
    "dilation_rate": (lambda: ConvOperator(K, 7, dilation_rate=2), "'dilation_rate'", "unexpected", "e", "`dilation`"),
    "filters": (
        lambda: nn.Conv(2, filters=4, kernel_size=(3, 3), rngs=RNGS), "'filters'", "unexpected", "filters", "`out_ch`",
    ),
    "stride of Linen": (lambda: linen.Conv(4, (3, 3), stride=2), "'stride'", "unexpected", "stride", "`strides`"),
    "an int kernel_size": (lambda: nn.Conv(2, 4, 3, rngs=RNGS)(X), "`kernel_size`", "a tuple", "int 3", "pass (3, 3)"),
    "channels first, NNX": (
        lambda: nn.Conv(2, 4, (3, 3), rngs=RNGS)(jnp.ones((1, 2, 7, 9))),
        "`x`", "the layer's in_ch", "got 9", "jnp.moveaxis(…, -3, -1)",
    ),
    "another kernel": (lambda: with_kernel((4, 2, 3, 3)), "`kernel`", "must have shape", "(4, 2, 3, 3)", "layer_from"),
    "another bias": (lambda: with_bias(3), "`bias`", "must have shape (out_ch,) = (4,)", "got (3,)", "made with"),
    "no array": (lambda: conv(None, K), "`x`", "must be an array", "NoneType", "jnp.ones(shape)"),
    "text": (lambda: conv_transpose(Y, np.full((3, 3, 2, 4), "a")), "`kernel`", "an array", "<U1", "np.asarray"),
    "objects": (lambda: conv(np.full((1, 7, 7, 2), None), K), "`x`", "an array", "object", "np.asarray"),
    "rows of two lengths": (lambda: conv([[1.0], [1.0, 2.0]], K), "`x`", "an array", "list", "rows of one length"),
    "nothing left": (
        lambda: conv_transpose(Y[:, :1], K, strides=3, padding=((1, 2), 0)),
        "`padding` (1, 2)", "must have a position", "leaves 0", "pass `output_padding` in [1, 2]",
    ),
    "a framework's name": (
        lambda: weights.layer_from({"weight": np.ones((3, 4, 2, 2))}, "pytorch"),
        "`framework`", "must be one of", "'pytorch'", "'torch'",
    ),
    "no classes": (lambda: models.FCN8(0, rngs=RNGS), "`num_classes`", "must be", "got 0", "at least 1"),
    "torch's groups": (
        lambda: torch.conv_transpose2d(np.ones((1, 4, 7, 7), "f"), np.ones((4, 2, 3, 3), "f"), groups=3),
        "`groups`", "must divide", "got 3", "4",
    ),
    "a mesh": (lambda: spatial.conv(X, K, axes="a"), "'axes'", "unexpected keyword", "axes", "There are x, kernel"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "argument", "rule", "value", "remedy"), CALLS.values(), ids=CALLS)
def test_wrong_calls(call, argument, rule, value, remedy):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    message = str(caught.value)
    assert [part for part in (argument, rule, value, remedy) if part not in message] == [], message
