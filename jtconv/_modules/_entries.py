"""The entries of two trees of arrays, compared by path and shape."""

from collections.abc import Mapping, Sequence
from typing import Any

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


def nested_entries(flat: Mapping[Path, Any]) -> dict[str, Any]:
    """Undo `flat_entries`."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = value
    return tree


def _words(path: Sequence[Any]) -> str:
    return "/".join(map(str, path))
