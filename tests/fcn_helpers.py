"""A network that is quick to compile, shared by the tests of the experiments."""

from contextlib import contextmanager

import jax

from experiments.fcn.config import Network
from experiments.fcn8.config import Config

TINY = Config(
    steps=6,
    batch_size=2,
    network=Network(width=1, depths=(1, 1, 1, 1, 1), head_ch=4, decoder_ch=4),
    test_scenes=4,
    evaluations=2,
    checkpoints=3,
)


@contextmanager
def quick_float32():
    """No x64; and compiling takes longer than running here, so little is optimised."""
    with jax.enable_x64(False):
        jax.config.update("jax_disable_most_optimizations", True)
        try:
            yield
        finally:
            jax.config.update("jax_disable_most_optimizations", False)
