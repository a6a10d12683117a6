"""Who computes a layer: this package and its peers, each in the layout that it prefers."""

import importlib.util
from functools import partial

from jtconv._compute import BY_NAME
from jtconv.bench import _jax_contenders as on_jax
from jtconv.bench._programs import Build
from jtconv.bench._torch_contender import torch


def contenders(methods: bool) -> dict[str, Build]:
    """By name, those that can be had here, this package first; with `methods`, each of its methods too."""
    found: dict[str, Build] = {"jtconv": on_jax.own}
    if methods:
        found |= {f"jtconv {name}": partial(on_jax.own_method, name) for name in BY_NAME}
    found |= {"lax": on_jax.lax_flipped, "lax unflipped": on_jax.lax_unflipped}
    for name in ("flax", "equinox", "keras"):
        if _installed(name):
            found[name] = getattr(on_jax, name)
    if _installed("torch"):
        found |= {"torch": partial(torch, False), "torch channels last": partial(torch, True)}
    return found


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
