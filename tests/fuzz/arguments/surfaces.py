"""What is called: every public function, with arguments that are right to begin with."""

from jtconv._frameworks.registry import names
from tests.fuzz.arguments.networks import NETWORKS
from tests.fuzz.arguments.surface import Arguments, Surface

GEOMETRY = ("strides", "padding", "dilation", "groups", "padding_mode")
OPTIONS = ("precision", "preferred_element_type")
FORWARD = (
    {"x": "ints(2, 9, 8, 2)", "kernel": "ints(4, 3, 2, 3)"},
    {"x": "ints(7, 2)", "kernel": "ints(3, 2, 4)", "strides": "2", "padding": "'SAME'"},
    {
        "x": "ints(1, 6, 5, 4)",
        "kernel": "ints(2, 3, 2, 6)",
        "groups": "2",
        "dilation": "(1, 2)",
        "padding": "((1, 2), (0, -1))",
    },
    {"x": "ints(2, 5, 4, 3, 1)", "kernel": "ints(2, 1, 2, 1, 2)", "strides": "(2, 1, 3)"},
    {"x": "ints(6, 7, 2)", "kernel": "ints(3, 3, 2, 2)", "padding": "1", "padding_mode": "'circular'"},
    {"x": "ints(3, 2)", "kernel": "ints(2, 4)"},
)
BACKWARD = (
    {"y": "ints(2, 5, 6, 3)", "kernel": "ints(4, 3, 2, 3)"},
    {"y": "ints(2, 5, 6, 3)", "kernel": "ints(4, 3, 2, 3)", "strides": "2", "padding": "1", "output_padding": "1"},
    {"y": "ints(4, 4)", "kernel": "ints(3, 2, 4)", "strides": "2", "padding": "'SAME'", "output_size": "7"},
    {
        "y": "ints(1, 7, 3, 6)",
        "kernel": "ints(2, 3, 2, 6)",
        "groups": "2",
        "dilation": "(1, 2)",
        "padding": "((1, 2), (0, -1))",
    },
    {"y": "ints(2, 2, 4, 1, 2)", "kernel": "ints(2, 1, 2, 1, 2)", "strides": "(2, 1, 3)"},
    {"y": "ints(6, 7, 2)", "kernel": "ints(3, 3, 2, 2)", "padding": "1", "padding_mode": "'circular'"},
    {"y": "ints(3, 4)", "kernel": "ints(2, 4)"},
)
SIZES = (
    {"kernel_size": "3"},
    {"kernel_size": "(4, 3)", "strides": "2", "padding": "1"},
    {"kernel_size": "(3, 2)", "padding": "'SAME'"},
)


def spec(name: str, size: str) -> tuple[Arguments, ...]:
    return tuple({name: size, **base} for base in SIZES)


def layer(extra: Arguments, *names: str) -> tuple[Arguments, ...]:
    """Of a module: plain, and with all that a layer can have."""
    settings = {"strides": "2", "padding": "1", "groups": "1"} | dict.fromkeys(names, "None")
    return {**extra}, {**extra, **settings}


MODULE = (*GEOMETRY, "use_bias", "mask", "dtype", "param_dtype", *OPTIONS)
OF_CALL = "x y"  # what the module is called with
CALLED = "{name}({arguments})(ints(2, 5, 6, 3))"
INIT = "{name}({arguments}).init_with_output(jax.random.key(0), ints(2, 5, 6, 3))[0]"
NNX = {"in_ch": "3", "out_ch": "2", "kernel_size": "(4, 3)", "kernel_init": "int_init", "rngs": "nnx.Rngs(0)"}
LINEN = {"out_ch": "2", "kernel_size": "(4, 3)", "kernel_init": "int_init"}

CORE = (
    Surface("jtconv.conv", FORWARD, (*GEOMETRY, *OPTIONS), 10),
    Surface("jtconv.conv_transpose", BACKWARD, (*GEOMETRY, *OPTIONS, "output_padding", "output_size", "method"), 14),
    Surface("jtconv.conv_output_size", spec("input_size", "9"), (*GEOMETRY[:3], "padding_mode"), 6),
    Surface(
        "jtconv.conv_transpose_output_size",
        spec("output_size", "5"),
        (*GEOMETRY[:3], "padding_mode", "output_padding"),
        6,
    ),
    Surface("jtconv.output_padding_for", spec("input_size", "(8, 7)"), (*GEOMETRY[:3], "padding_mode"), 6),
    Surface("jtconv.ConvGeometry", SIZES, GEOMETRY, 5),
    *(
        Surface(
            f"geometry.{method}",
            ({first: "(7, 8)"}, {first: "9"}),
            others,
            2,
            f"jtconv.ConvGeometry((3, 2), strides=2).{method}({{arguments}})",
        )
        for method, first, others in (
            ("pads", "input_size", ()),
            ("output_size", "input_size", ()),
            ("transpose_output_size", "output_size", ("output_padding", "target")),
            ("output_padding_for", "input_size", ()),
            ("input_size_range", "output_size", ()),
            ("at", "input_size", ()),
        )
    ),
    Surface("jtconv.explain", spec("input_size", "7"), (*GEOMETRY, "output_padding", "in_ch", "out_ch", "use_bias"), 6),
    Surface(
        "jtconv.conv_matrix",
        ({"kernel": "ints(3, 2, 2, 3)", "input_size": "(5, 4)"},),
        GEOMETRY,
        6,
        "{name}({arguments}).todense()",
    ),
    Surface(
        "jtconv.ConvOperator",
        ({"kernel": "ints(3, 2, 2, 3)", "input_size": "(5, 4)"},),
        GEOMETRY,
        6,
        "{name}({arguments}) @ np.eye(40, dtype=np.float32)",
    ),
    Surface(
        "jtconv.verify_transpose",
        ({"kernel": "ints(2, 1, 2)", "input_size": "4"},),
        (*GEOMETRY, "seed"),
        2,
        "{name}({arguments}).ok",
    ),
)
MESH = {"mesh": "mesh", "split": "('rows', None)"}
SPLIT = ("mesh", "split", "batch", *GEOMETRY, *OPTIONS)
SPATIAL = (
    Surface(
        "jtconv.spatial.conv",
        (
            {**FORWARD[0], **MESH},
            {**FORWARD[1], **MESH, "split": "['rows']"},
            {**FORWARD[2], **MESH, "batch": "'batch'"},
        ),
        SPLIT,
        6,
    ),
    Surface(
        "jtconv.spatial.conv_transpose",
        (
            {**BACKWARD[1], **MESH},
            {**BACKWARD[2], **MESH, "split": "('rows',)"},
            {**BACKWARD[3], **MESH, "batch": "'batch'"},
        ),
        (*SPLIT, "output_padding", "output_size", "method"),
        6,
    ),
    Surface(
        "jtconv.spatial.tiled_conv",
        tuple({**base, "memory": "2**26"} for base in FORWARD[:5]),
        ("memory", *GEOMETRY, *OPTIONS),
        5,
    ),
    Surface(
        "jtconv.spatial.tiled_conv_transpose",
        tuple({**base, "memory": "2**26"} for base in BACKWARD[:6]),
        ("memory", *GEOMETRY, *OPTIONS, "output_padding", "output_size", "method"),
        5,
    ),
    Surface(
        "jtconv.spatial.halo",
        tuple({**base, "devices": "1"} for base in spec("input_size", "(70, 90)")),
        (*GEOMETRY[:3], "padding_mode"),
        4,
        "{name}({arguments}).widths",
    ),
    Surface(
        "jtconv.spatial.Halo",
        ({"channels": "3"},),
        ("batch", "dtype"),
        2,
        "jtconv.spatial.halo((70, 90), 4, devices=(2, 3)).bytes_sent({arguments})",
    ),
)
MATRICES = tuple(
    Surface(f"{kind}.{what}", ({argument: value},), (), 2, f"{made}{code}", "operand kernel tolerance")
    for kind, made in (
        ("matrix", "jtconv.conv_matrix(ints(3, 2, 2, 3), (5, 4))"),
        ("operator", "jtconv.ConvOperator(ints(3, 2, 2, 3), (5, 4))"),
    )
    for what, argument, value, code in (
        ("right", "other", "ints(40)", " @ ({other})"),
        ("left", "other", "ints(2, 27)", ".T.T.__rmatmul__({other})"),
        ("with_kernel", "kernel", "ints(3, 2, 2, 3)", ".with_kernel({kernel}).todense()"),
    )
)
SPECTRA = (
    Surface(
        "operator.norm", ({"tolerance": "1e-2"},), (), 1, "jtconv.ConvOperator(ints(3, 2, 1), 5).norm({arguments}) * 0"
    ),
    Surface(
        "operator.singular_values",
        ({"k": "2"},),
        ("tolerance",),
        1,
        "jtconv.ConvOperator(ints(3, 2, 1), 5).singular_values({arguments}) * 0",
    ),
)
MODULES = (
    Surface(
        "jtconv.nn.ConvTranspose",
        layer(NNX, "output_padding"),
        (*MODULE, "method", "output_padding"),
        4,
        CALLED,
        OF_CALL,
    ),
    Surface("jtconv.nn.Conv", layer(NNX), MODULE, 3, CALLED, OF_CALL),
    Surface(
        "jtconv.linen.ConvTranspose", layer(LINEN, "output_padding"), (*MODULE, "method", "output_padding"), 3, INIT
    ),
    Surface("jtconv.linen.Conv", layer(LINEN), MODULE, 3, INIT, OF_CALL),
)
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
WEIGHTS = (
    Surface(
        "jtconv.weights.layer_from",
        (
            {"entries": "{'weight': ints(4, 2, 3, 5), 'bias': ints(4)}", "framework": '"torch"', "groups": "2"},
            {"entries": "{'a.kernel': ints(3, 2, 4)}", "framework": '"keras"', "prefix": '"a."'},
        ),
        ("kind", "groups", "prefix"),
    ),
    Surface(
        "jtconv.weights.layer_to",
        ({"parameters": "{'kernel': ints(4, 5, 2, 3), 'bias': ints(2)}", "framework": '"torch"'},),
        ("kind", "groups", "prefix"),
    ),
    Surface(
        "jtconv.weights.network_from",
        ({"entries": "{'features.0.weight': ints(2, 3, 3, 3), 'features.0.bias': ints(2)}", "model": "tiny_vgg()"},),
        (),
        1,
    ),
    Surface(
        "jtconv.weights.load_into",
        ({"source": "{'features.0.weight': ints(2, 3, 3, 3), 'features.0.bias': ints(2)}", "model": "tiny_vgg()"},),
        (),
        1,
        among="entries path",
    ),
    Surface(
        "jtconv.weights.network_to",
        ({"model": "tiny_fcn()", "framework": "'torch'"},),
        (),
        1,
        "sorted({name}({arguments}))",
    ),
    Surface("jtconv.weights.load", ({"path": "'/nonexistent/a.npz'"},), (), 1),
    Surface("jtconv.weights.save", ({"path": "'/nonexistent/a.npz'", "arrays": "{'a': ints(2)}"},), (), 1),
    Surface(
        "preprocessing", ({"picture": "np.zeros((4, 5, 3), np.uint8)"},), (), 2, "Preprocessing.torch()({picture}) * 0"
    ),
    Surface(
        "preprocessing.with_channels", ({"in_ch": "4"},), (), 2, "Preprocessing.torch().with_channels({arguments}).mean"
    ),
    Surface(
        "preprocessing.from_entries",
        ({"entries": "Preprocessing.torch().entries()"},),
        (),
        1,
        "Preprocessing.from_entries({entries}).mean",
    ),
)
SURFACES = (*CORE, *SPATIAL, *MATRICES, *SPECTRA, *MODULES, *COMPAT, *WORDS, *WEIGHTS, *NETWORKS)
