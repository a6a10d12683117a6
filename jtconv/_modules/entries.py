"""Parameters by their paths: nested dictionaries, and the states of NNX modules."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from flax import nnx
from flax.nnx import variablelib

from jtconv._arrays.checks import as_array

Path = tuple[Any, ...]
Shapes = Mapping[Path, tuple[int, ...]]


def check_entries(name: str, found: Shapes, wanted: Shapes) -> None:
    """Raise a ValueError that lists every difference of `found`, the argument `name`, from `wanted`."""
    missing = [f"{_words(p)} {wanted[p]}" for p in wanted if p not in found]
    unexpected = [f"{_words(p)} {found[p]}" for p in found if p not in wanted]
    both = [p for p in wanted if p in found]
    misshapen = [f"{_words(p)} {found[p]} for {wanted[p]}" for p in both if found[p] != wanted[p]]
    kinds = {"missing": missing, "of a wrong shape": misshapen, "unexpected": unexpected}
    lines = [f"\n  {kind}: {', '.join(entries)}" for kind, entries in kinds.items() if entries]
    if lines:
        raise ValueError(f"`{name}` must have the expected entries, each with the expected shape:{''.join(lines)}")


def flat_entries(tree: Mapping[str, Any], path: Path = ()) -> dict[Path, Any]:
    """The leaves of nested mappings by their paths."""
    flat = {}
    for key, value in tree.items():
        here = (*path, key)
        flat |= flat_entries(value, here) if isinstance(value, Mapping) else {here: value}
    return flat


def _words(path: Sequence[Any]) -> str:
    return "/".join(map(str, path))


_KEPT = nnx.All(nnx.Variable, nnx.Not(nnx.RngState))  # Linen's random keys are arguments, not variables


def nnx_entries(name: str, tree: nnx.Module | nnx.State) -> dict[Path, nnx.Variable[Any]]:
    """Parameters and statistics by NNX path; `name` is the name of the argument `tree`."""
    if not isinstance(tree, nnx.Module | nnx.State):
        raise TypeError(f"`{name}` must be an NNX module or its state, nnx.state(module), got {type(tree).__name__}.")
    state = nnx.filter_state(nnx.state(tree) if isinstance(tree, nnx.Module) else tree, _KEPT)
    return dict(nnx.to_flat_state(state))


def linen_paths(entries: Mapping[Path, nnx.Variable[Any]]) -> dict[Path, Path]:
    """NNX path -> Linen path: the collection, then names; list indices are written as in "blocks_0"."""
    paths = {path: (_collection(variable), *_linen_names(path)) for path, variable in entries.items()}
    if len(set(paths.values())) < len(paths):
        raise ValueError(f"two Variables have one path in Linen, where a list's entry 0 is called `name_0`: {paths}.")
    return paths


def filled_state(
    name: str, arrays: Mapping[Path, Any], entries: Mapping[Path, nnx.Variable[Any]], paths: Mapping[Path, Path]
) -> nnx.State:
    """The state of `entries` with other arrays; `paths` gives the place of each one in the argument `name`."""
    arrays = {path: x if hasattr(x, "shape") else as_array(name, x) for path, x in arrays.items()}
    wanted = {paths[path]: jnp.shape(variable.get_value()) for path, variable in entries.items()}
    check_entries(name, {path: jnp.shape(array) for path, array in arrays.items()}, wanted)
    return nnx.from_flat_state([(path, v.replace(arrays[paths[path]])) for path, v in entries.items()])


def _collection(variable: nnx.Variable[Any]) -> str:
    return variablelib.variable_name_from_type(type(variable), allow_register=True)


def _linen_names(path: Path) -> Path:
    names: list[str] = []
    for part in path:
        if isinstance(part, int) and names:
            names[-1] += f"_{part}"
        else:
            names.append(str(part))
    return tuple(names)
