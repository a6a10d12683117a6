"""The core's functions, and those of `jtconv.spatial`."""

from tests.checks.fuzz.arguments.bases import BACKWARD, FORWARD, GEOMETRY, OPTIONS, SIZES, spec
from tests.checks.fuzz.arguments.surface import Surface

CORE = (
    Surface("jtconv.conv", FORWARD, (*GEOMETRY, *OPTIONS), 10),
    Surface("jtconv.conv_transpose", BACKWARD, (*GEOMETRY, *OPTIONS, "output_padding", "output_size", "method"), 14),
    Surface(
        "jtconv.lax_only",
        BACKWARD,
        (*GEOMETRY, *OPTIONS, "output_padding", "output_size", "method"),
        6,
        "jtconv.lax_only()(jtconv.conv_transpose)({arguments})",
    ),
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
