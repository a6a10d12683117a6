"""Small networks with drawn parameters, and their layers by plain loops."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

TINY = {"in_ch": 1, "width": 1, "depths": (1, 1, 1, 1, 1), "head_ch": 2}


def abstract(make) -> Any:
    return nnx.eval_shape(make)


def filled(make, seed=0) -> Any:
    """A model with different numbers everywhere, that no initialiser was compiled for."""
    model, rng = nnx.eval_shape(make), np.random.default_rng(seed)
    numbers = nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))
    nnx.update(model, jax.tree.map(lambda x: jnp.asarray(rng.uniform(0.1, 0.9, x.shape), np.float32), numbers))
    streams = nnx.state(model, nnx.RngState)
    nnx.update(model, jax.tree.map(lambda x: jax.random.key(seed) if x.dtype != np.uint32 else jnp.uint32(0), streams))
    return model


def tiny(network, seed=0, classes=2, **options):
    return filled(lambda: network.paper(classes, rngs=nnx.Rngs(0), **{**TINY, **options}), seed)


def parameters(model):
    return {".".join(map(str, path)): np.asarray(x) for path, x in nnx.to_flat_state(nnx.state(model, nnx.Param))}


def caffe_bilinear(k):
    """The kernel of one channel, by the original's formula."""
    factor = (k + 1) // 2
    centre = factor - 1 if k % 2 else factor - 0.5
    kernel = np.zeros((k, k))
    for i, j in np.ndindex(k, k):
        kernel[i, j] = (1 - abs(i - centre) / factor) * (1 - abs(j - centre) / factor)
    return kernel


def loop_pool(x):
    pooled = np.zeros((-(-len(x) // 2), -(-x.shape[1] // 2), x.shape[2]))
    for i, j in np.ndindex(pooled.shape[:2]):
        pooled[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max((0, 1))
    return pooled


def passing_on(network, **options):
    """A network whose features are the pooled picture, and whose score layers are zero."""
    model = filled(lambda: network.paper(2, rngs=nnx.Rngs(0), **{**TINY, **options}))
    nnx.update(model, jax.tree.map(jnp.zeros_like, nnx.state(model, nnx.Param)))
    blocks = [stage.convs[0] for stage in model.encoder.stages]
    for block in [*blocks, model.conv6, model.conv7]:
        kernel = block.conv.kernel
        kernel[...] = kernel[...].at[kernel.shape[0] // 2, kernel.shape[1] // 2, 0, 0].set(1)
    for up in [*(step.up for step in model.decoder.steps), model.decoder.up]:
        up.kernel[...] = jnp.asarray(caffe_bilinear(len(up.kernel[...]))[:, :, None, None] * np.eye(2), jnp.float32)
    model.eval()
    return model
