"""Right arguments of a layer, to begin with."""

from tests.checks.fuzz.arguments.surface import Arguments

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
