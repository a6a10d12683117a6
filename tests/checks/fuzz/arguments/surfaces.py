"""Every public function, with arguments that are right to begin with."""

from tests.checks.fuzz.arguments.bases import GEOMETRY, OPTIONS
from tests.checks.fuzz.arguments.core import CORE, MATRICES, SPATIAL, SPECTRA
from tests.checks.fuzz.arguments.frameworks import COMPAT, WORDS
from tests.checks.fuzz.arguments.networks import NETWORKS
from tests.checks.fuzz.arguments.surface import Arguments, Surface


def layer(extra: Arguments, *names: str) -> tuple[Arguments, ...]:
    """Arguments of a module: the least, and all that a layer can have."""
    settings = {"strides": "2", "padding": "1", "groups": "1"} | dict.fromkeys(names, "None")
    return {**extra}, {**extra, **settings}


MODULE = (*GEOMETRY, "use_bias", "mask", "dtype", "param_dtype", *OPTIONS)
OF_CALL = "x y"  # what the module is called with
CALLED = "{name}({arguments})(ints(2, 5, 6, 3))"
INIT = "{name}({arguments}).init_with_output(jax.random.key(0), ints(2, 5, 6, 3))[0]"
NNX = {"in_ch": "3", "out_ch": "2", "kernel_size": "(4, 3)", "kernel_init": "int_init", "rngs": "nnx.Rngs(0)"}
LINEN = {"out_ch": "2", "kernel_size": "(4, 3)", "kernel_init": "int_init"}
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
