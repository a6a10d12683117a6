"""The peers, each of which is imported when it is asked for."""

import importlib
import random
from collections.abc import Sequence

from tests.checks.agreement.configurations import Configuration
from tests.checks.agreement.peer import Peer

NAMES = ("torch", "lax", "keras", "flax", "onnx", "tf", "equinox", "haiku", "mlx", "paddle")


def peer(name: str) -> Peer:
    """The peer of this name; a framework that is not installed is an ImportError."""
    return importlib.import_module(f"tests.checks.agreement.{name}").PEER


def chosen(peer: Peer, every: int = 1) -> Sequence[Configuration]:
    """Every so many of a peer's configurations, the same ones each time, mixed so that each kind is met."""
    configurations = peer.configurations()
    random.Random(0).shuffle(configurations)
    return configurations[::every]
