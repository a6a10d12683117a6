"""Networks with drawn parameters: nothing is trained, and nothing is compiled to make them."""

import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.fcn.config import Network
from experiments.fcn.network import abstract_network
from experiments.fcn.task import Classes, Signature
from jtconv.models._model import Model, with_arrays
from jtconv.weights import Preprocessing

SETTINGS = Network(width=2, depths=(1, 1, 1, 1, 1), head_ch=4, decoder_ch=5, overlap=2, dropout=0.5)
CLASSES = Classes(("sky", "tree", "<b>road</b>", "car"), ("#000000", "#112233", "#cc0010", "#ffffff"), 0, "thing")


def drawn_model(seed=0, settings=SETTINGS, classes=CLASSES, signature=None):
    """Every array is drawn, those of the normalisation too: biases and offsets are seen beyond a picture's edge."""
    signature = signature or Signature(3, len(classes.names), Preprocessing.torch())
    graph, parameters, statistics = nnx.split(abstract_network(settings, signature), nnx.Param, ...)
    rng = np.random.default_rng(seed)
    model = Model(graph, parameters, statistics, classes, signature)
    arrays = {}
    for state in (parameters, statistics):
        for path, variable in nnx.to_flat_state(state):
            abstract = variable.get_value()
            if abstract.dtype == jnp.float32:
                scale = np.sqrt(2 / max(1, np.prod(abstract.shape[:-1]))) if len(abstract.shape) > 1 else 0.3
                values = scale * rng.normal(size=abstract.shape)
                values = 0.5 + values**2 if path[-1] in ("var", "scale") else values
                arrays[".".join(map(str, path))] = values.astype(np.float32)
    return with_arrays(model, arrays)


def drawn_image(height, width, seed=0):
    return np.random.default_rng((seed, height, width)).integers(0, 256, (height, width, 3), dtype=np.uint8)


def scores_alone(model, image):
    """The network as its module has it, on this picture alone: (h, w, num_classes)."""
    network = nnx.merge(model.network, model.parameters, model.statistics, copy=True)
    network.eval()
    x = model.signature.preprocessing(image[None])
    return np.asarray(nnx.jit(lambda n, x: n(x))(network, x))[0]
