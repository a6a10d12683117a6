"""The network that the settings describe."""

import dataclasses
from typing import Any

from flax import nnx

from experiments.fcn.config import Network
from experiments.fcn.task import Signature
from jtconv.models import _saved_model as saved_model
from jtconv.models._description import NETWORKS as NETWORKS


def abstract_network(network: Network, signature: Signature) -> Any:
    """The network with shapes in place of parameters: nothing is allocated."""
    return nnx.eval_shape(lambda: make_network(network, signature, nnx.Rngs(0)))


def make_network(network: Network, signature: Signature, rngs: nnx.Rngs) -> Any:
    """Raises ValueError for settings that exclude each other."""
    return saved_model.make_network(dataclasses.asdict(network), signature, rngs)
