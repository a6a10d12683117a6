"""The network that the settings describe."""

from typing import Any, get_args

import jax.numpy as jnp
from flax import nnx

from experiments.fcn.config import Decoder, Network
from experiments.fcn.task import Signature
from jtconv import models

NETWORKS: dict[str, type[models.FCN]] = {name: getattr(models, name.upper()) for name in get_args(Decoder)}


def abstract_network(network: Network, signature: Signature) -> Any:
    """The network with shapes in place of parameters: nothing is allocated."""
    return nnx.eval_shape(lambda: make_network(network, signature, nnx.Rngs(0)))


def make_network(network: Network, signature: Signature, rngs: nnx.Rngs) -> Any:
    """Raises ValueError for settings that exclude each other."""
    return NETWORKS[network.decoder](
        signature.num_classes,
        in_ch=signature.in_ch,
        width=network.width,
        depths=network.depths,
        first_padding=network.first_padding,
        head_ch=network.head_ch,
        head_kernel=(network.head_kernel, network.head_kernel),
        dropout=network.dropout,
        score_layers=network.score_layers,
        decoder_ch=network.decoder_ch,
        overlap=network.overlap,
        normalise=network.normalise,
        dtype=None if network.dtype == "float32" else jnp.dtype(network.dtype),
        remat=network.remat,
        rngs=rngs,
    )
