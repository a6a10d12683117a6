"""Other frameworks' functions, and their calls as text."""

from jtconv._frameworks.registry import names
from tests.checks.fuzz.arguments.bases import OPTIONS
from tests.checks.fuzz.arguments.surface import Surface

TORCH = ("stride", "padding", "output_padding", "groups", "dilation", "bias")
COMPAT = (
    Surface("jtconv.compat.torch.conv_transpose1d", ({"input": "ints(2, 3, 5)", "weight": "ints(3, 2, 4)"},), TORCH),
    Surface(
        "jtconv.compat.torch.conv_transpose2d",
        (
            {
                "input": "ints(2, 4, 5, 6)",
                "weight": "ints(4, 1, 3, 2)",
                "groups": "2",
                "stride": "(2, 1)",
                "bias": "ints(2)",
            },
        ),
        TORCH,
    ),
    Surface(
        "jtconv.compat.torch.conv_transpose3d",
        ({"input": "ints(3, 2, 3, 4)", "weight": "ints(3, 2, 2, 2, 2)", "stride": "2"},),
        TORCH,
        2,
    ),
    Surface(
        "jtconv.compat.torch.output_padding_for",
        ({"input_size": "(5, 6)", "kernel_size": "3", "output_size": "(10, 11)", "stride": "2", "padding": "1"},),
        ("dilation",),
        2,
    ),
    Surface(
        "jtconv.compat.keras.conv_transpose",
        (
            {"inputs": "ints(2, 5, 3)", "kernel": "ints(4, 2, 3)", "strides": "2", "padding": "'same'"},
            {"inputs": "ints(2, 4, 5, 3)", "kernel": "ints(3, 2, 2, 3)"},
        ),
        ("strides", "padding", "output_padding", "data_format", "dilation_rate"),
    ),
    Surface(
        "jtconv.compat.lax.conv_transpose",
        (
            {"lhs": "ints(2, 5, 3)", "rhs": "ints(4, 3, 2)", "strides": "(2,)", "padding": "'SAME'"},
            {"lhs": "ints(2, 4, 5, 3)", "rhs": "ints(3, 2, 3, 2)", "strides": "(2, 1)", "padding": "((1, 2), (0, 1))"},
        ),
        ("rhs_dilation", "dimension_numbers", "transpose_kernel", *OPTIONS, "use_consistent_padding"),
        6,
        among="image taps result",
    ),
    Surface(
        "jtconv.compat.flax.conv_transpose",
        (
            {"inputs": "ints(2, 5, 3)", "kernel": "ints(4, 3, 2)", "strides": "2"},
            {"inputs": "ints(4, 5, 3)", "kernel": "ints(3, 2, 3, 2)", "bias": "ints(2)", "padding": "1"},
        ),
        (
            "strides",
            "padding",
            "kernel_dilation",
            "mask",
            "dtype",
            "precision",
            "transpose_kernel",
            "preferred_element_type",
            "circular_adjoint",
        ),
    ),
    Surface(
        "jtconv.compat.equinox.conv_transpose",
        (
            {"x": "ints(3, 5)", "weight": "ints(2, 3, 4)", "stride": "2"},
            {"x": "ints(3, 4, 5)", "weight": "ints(2, 3, 3, 2)", "bias": "ints(2, 1, 1)", "padding": "1"},
        ),
        ("stride", "padding", "output_padding", "dilation", "groups", "padding_mode"),
    ),
    Surface(
        "jtconv.compat.haiku.conv_transpose",
        (
            {"inputs": "ints(2, 5, 3)", "w": "ints(4, 2, 3)", "stride": "2"},
            {"inputs": "ints(4, 5, 3)", "w": "ints(3, 2, 2, 3)", "b": "ints(2)", "output_shape": "(4, 5)"},
        ),
        ("stride", "output_shape", "padding", "data_format", "mask", "precision"),
    ),
    Surface(
        "jtconv.compat.onnx.conv_transpose",
        (
            {"X": "ints(2, 3, 5)", "W": "ints(3, 2, 4)", "strides": "[2]", "pads": "[1, 1]"},
            {"X": "ints(1, 4, 5, 4)", "W": "ints(4, 1, 3, 2)", "B": "ints(2)", "group": "2"},
        ),
        ("auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads", "strides"),
    ),
    Surface(
        "jtconv.compat.tf.conv_transpose",
        ({"input": "ints(2, 5, 3)", "filters": "ints(4, 2, 3)", "output_shape": "(2, 9, 2)", "strides": "2"},),
        ("padding", "data_format", "dilations"),
    ),
    *(
        Surface(
            f"jtconv.compat.tf.conv{ndim}d_transpose",
            ({"input": given, "filters": filters, "output_shape": shape, "strides": "2"},),
            ("padding", "data_format", "dilations"),
            2,
        )
        for ndim, given, filters, shape in (
            (1, "ints(2, 5, 3)", "ints(4, 2, 3)", "(2, 9, 2)"),
            (3, "ints(1, 3, 2, 4, 2)", "ints(2, 3, 2, 3, 2)", "(1, 6, 4, 8, 3)"),
        )
    ),
    Surface(
        "jtconv.compat.tf.conv2d_transpose",
        ({"input": "ints(1, 5, 4, 3)", "filters": "ints(4, 3, 2, 3)", "output_shape": "(10, 8)", "strides": "2"},),
        ("padding", "data_format", "dilations"),
    ),
    *(
        Surface(
            f"jtconv.compat.mlx.conv_transpose{ndim}d",
            ({"input": given, "weight": weight, "stride": "2", "padding": "1"},),
            ("dilation", "output_padding", "groups"),
            2,
            "(lambda input, weight, **others: {name}(input, weight, **others))({arguments})",  # positional only
        )
        for ndim, given, weight in (
            (1, "ints(2, 5, 3)", "ints(2, 4, 3)"),
            (2, "ints(2, 5, 4, 3)", "ints(2, 4, 3, 3)"),
            (3, "ints(1, 3, 2, 4, 2)", "ints(3, 2, 3, 2, 2)"),
        )
    ),
    *(
        Surface(
            f"jtconv.compat.paddle.conv{ndim}d_transpose",
            ({"x": given, "weight": weight, "stride": "2", "padding": "1"},),
            ("bias", "output_padding", "groups", "dilation", "output_size", "data_format"),
            2,
        )
        for ndim, given, weight in (
            (1, "ints(2, 3, 5)", "ints(3, 2, 4)"),
            (2, "ints(2, 3, 5, 4)", "ints(3, 2, 4, 3)"),
            (3, "ints(1, 2, 3, 2, 4)", "ints(2, 3, 2, 3, 2)"),
        )
    ),
)
FRAMEWORK_CALLS = (
    '"ConvTranspose2d(64, 32, 4, stride=2)"',
    "\"Conv2DTranspose(32, 4, strides=2, padding='same')\"",
    '"nn.ConvTranspose(features=8, kernel_size=(3, 3), strides=(2, 2))"',
    "\"conv_transpose(x, k, (2, 2), 'SAME')\"",
    '"ConvTranspose(strides=[2, 2])"',
    *(
        '""',
        '"ConvTranspose2d("',
        '"ConvTranspose2d(**{})"',
        '"ConvTranspose2d(*a, 3)"',
        "\"__import__('os').system('true')\"",
        '"x" * 10**5',
    ),
    *(
        '"ConvTranspose2d(3, 2, 10**9)"',
        '"ConvTranspose2d(3, 2, 2**10**9)"',
        '"("*500',
        '"["*10**4',
        '"f(" * 200 + ")" * 200',
        '"ConvTranspose2d(3, 2, 4, stride=0)"',
    ),
    *(
        '"ConvTranspose2d(3, 2, 4, stride=-1, padding=\\"same\\")"',
        '"lambda: 0"',
        '"1; 2"',
        '"a = 1"',
        '"ConvTranspose2d(3, 2, \\0)"',
        '"ConvTranspose2d(3, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4)"',
    ),
    *(
        '"ConvTranspose2d(3.0, True, None)"',
        '"ConvTranspose2d(3, 2, (4, (4,)))"',
        "\"ConvTranspose2d(3, 2, 4, dilation=2**31, bias='no')\"",
        '"-" * 3000 + "1"',
        '"ConvTranspose2d(3, 2, " + "-" * 300 + "4)"',
    ),
    *(
        '"ConvTranspose2d(3, 2, 4, stride=2, stride=2)"',
        "\"ConvTranspose2d(3, 2, 4, device='cuda')\"",
        '"ConvTranspose2d(0, 2, 4)"',
        '"ConvTranspose2d(3, 2, 1e400)"',
        '"a" + ".b" * 3000 + "()"',
        '"9" * 5000',
    ),
)
FRAMEWORKS = tuple(f'"{name}"' for name in names())
WORDS = (
    Surface(
        "jtconv.explain_from",
        (
            {"framework": '"torch"', "call": FRAMEWORK_CALLS[0], "input_size": "7"},
            {"framework": '"keras"', "call": FRAMEWORK_CALLS[1], "input_size": "(7, 6)"},
        ),
        ("kernel_size", "in_ch", "out_ch"),
        8,
        among="*",  # the framework's own
    ),
)
