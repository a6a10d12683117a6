"""Networks, functions on them, initialisers, conversions; and the explorer's page."""

from tests.checks.fuzz.arguments.surface import Surface

# Small, and shapes only: random settings ask for gigabytes.
FCN = {"num_classes": "3", "width": "2", "depths": "(1, 2, 1, 1, 1)", "head_ch": "4", "rngs": "nnx.Rngs(0)"}
FCN_OTHERS = (
    *("in_ch", "first_padding", "head_kernel", "dropout", "score_layers", "relu_skips", "decoder_ch", "overlap"),
    *("normalise", "dtype", "remat"),
)
ABSTRACT = "nnx.eval_shape(lambda: {name}({arguments})).decoder is None"
MODELS = (
    *(
        Surface(
            f"jtconv.models.{name}",
            (FCN, {**FCN, "first_padding": "100", "score_layers": "True"}),
            FCN_OTHERS,
            weight,
            ABSTRACT,
            "kernel_size out_ch",  # products of settings
        )
        for name, weight in (("FCN2", 1), ("FCN4", 1), ("FCN8", 4), ("FCN16", 1), ("FCN32", 1))
    ),
    Surface(
        "jtconv.models.FCN",  # what all have
        ({"x": "ints(2, 21, 13, 3)"},),
        (),
        3,
        "tiny_fcn()({x}).shape",
    ),
    Surface(
        "jtconv.models.VGG16",
        ({"in_ch": "3", "width": "2", "depths": "(1, 2)", "rngs": "nnx.Rngs(0)"},),
        ("normalise", "round_up", "dtype", "remat"),
        3,
        "nnx.eval_shape(lambda: {name}({arguments})).out_chs",
        "out_ch",
    ),
    Surface(
        "jtconv.models.summary",
        ({"ours": "tiny_fcn()", "input_shape": "(1, 21, 13, 3)"},),
        (),
        2,
        "{name}({ours}, {input_shape})".replace("{name}", "jtconv.models.summary"),
        "model x y",
    ),
    Surface("jtconv.models.draw", ({"model": "tiny_fcn()", "input_shape": "(1, 21, 13, 3)"},), (), 2, among="x"),
    Surface("jtconv.models.parameter_groups", ({"model": "tiny_fcn()"},), (), 1),
    Surface("jtconv.models.start_from", ({"model": "tiny_fcn()", "coarser": "tiny_fcn('FCN32')"},), (), 1),
    Surface("jtconv.models.load", ({"folder": "'/dev/null/run'"},), ("checkpoint",), 1),
    Surface(
        "jtconv.models.save",
        ({"network": "tiny_fcn()", "classes": "('a', 'b')", "preprocessing": "Preprocessing.torch()"},),
        ("colours",),
        2,
        "{name}('/dev/null/run', {arguments})",  # where nothing can be written
    ),
    Surface("predict", ({"picture": "np.zeros((4, 5, 3), np.uint8)"},), (), 2, "trained().predict({picture}).shape"),
)
INITIALIZERS = tuple(
    surface
    for module in ("nn", "linen")
    for surface in (
        Surface(
            f"jtconv.{module}.bilinear",
            ({"shape": "(4, 3, 2, 4)", "groups": "2", "dtype": "'float32'"},),
            (),
            2,
            "jtconv.MODULE.bilinear(groups={groups})(None, {shape}, dtype={dtype})".replace("MODULE", module),
        ),
        Surface(
            f"jtconv.{module}.transpose_fan_in",
            ({"kernel_size": "(4, 3)", "strides": "(2, 1)", "dilation": "(1, 2)"},),
            ("groups",),
            1,
            "{name}({arguments})(jax.random.key(0), (4, 3, 2, 4))",
        ),
    )
)
PARAMS = {"params": "{'kernel': ints(3, 2, 4), 'bias': ints(4)}"}
CONVERSIONS = (
    Surface("jtconv.linen.params_from_flax", (PARAMS,), ("transpose_kernel",), 2),
    Surface("jtconv.linen.params_to_flax", (PARAMS,), ("transpose_kernel",), 2),
    Surface("jtconv.linen.variables_from_nnx", ({"module": "layer()"},), (), 1),
    Surface(
        "jtconv.nn.convert_state", ({"source": "nnx.ConvTranspose(3, 2, (4,), rngs=nnx.Rngs(0))", "like": "layer()"},)
    ),
    Surface(
        "jtconv.nn.state_from_linen",
        ({"variables": "{'params': {'kernel': ints(4, 2, 3), 'bias': ints(2)}}", "like": "layer()"},),
    ),
)
EXPLORER = (
    Surface("jtconv.explorer.page", ({"link": "'y=3&k=4'"},), (), 1, "len({name}({arguments}))"),
    Surface(
        "jtconv.explorer.ExploredLayer",
        ({"geometry": "jtconv.ConvGeometry(4, strides=2)", "input_size": "(3,)", "output_padding": "(1,)"},),
        ("channels", "use_bias"),
        2,
        "{name}({arguments}).link",
    ),
)
NETWORKS = (*MODELS, *INITIALIZERS, *CONVERSIONS, *EXPLORER)
