"""Titles of the frameworks' tabs, and the lines before each call."""

SHOWN = {
    "jtconv": ("jtconv", "from flax import nnx\nimport jtconv.nn\n\nrngs = nnx.Rngs(0)\nlayer = "),
    "torch": ("PyTorch", "import torch\n\nlayer = "),
    "keras": ("Keras", "import keras\n\nlayer = "),
    "tf": ("TensorFlow", "import tensorflow as tf\n\nx = "),
    "nnx": ("Flax NNX", "from flax import nnx\n\nrngs = nnx.Rngs(0)\nlayer = "),
    "linen": ("Flax Linen", "from flax import linen as nn\n\nlayer = "),
    "lax": ("JAX lax", "from jax import lax\n\nx = "),
    "onnx": ("ONNX", "import onnx\n\nnode = "),
    "equinox": ("Equinox", "import equinox as eqx\nimport jax\n\nkey = jax.random.key(0)\nlayer = "),
    "haiku": ("Haiku", "import haiku as hk\n\nlayer = "),
}
