"""Kernels that torch keeps in factors, by weight_norm or spectral_norm, folded into one array as in evaluation.

Salimans and Kingma, "Weight Normalization" (arXiv:1602.07868): w = g v / |v|. Miyato et al., "Spectral Normalization
for Generative Adversarial Networks" (arXiv:1802.05957): w over its largest singular value, uᵀ W v, for which the state
keeps the vectors u and v.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from jtconv.weights._entries import numbers

# Names that stand for "weight": in torch's old form, and in that of `nn.utils.parametrizations`.
WEIGHT_NORM = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)
SPECTRAL_NORM = (
    ("weight_orig", "weight_u", "weight_v"),
    ("parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v"),
)
_REMEDY = "Pass the whole state dict, or remove the normalisation in torch before saving it."
FACTORS = {name for names in (*WEIGHT_NORM, *SPECTRAL_NORM) for name in names}


def folded(argument: str, entries: Mapping[str, Any], *, transposed: bool) -> dict[str, Any]:
    """The entries of one layer, with the factors of its kernel replaced by "weight".

    Raises ValueError, which names `argument`, where a factor is missing or one does not fit the others.
    """
    spectral = partial(_spectral, axis=int(transposed))
    for forms, fold in ((SPECTRAL_NORM, spectral), (WEIGHT_NORM, _weight_norm)):  # both may have a weight_v
        for names in forms:
            if names[0] in entries:
                factors = _factors(argument, entries, names)
                rest = {name: value for name, value in entries.items() if name not in names}
                try:
                    return rest | {"weight": fold(*factors)}
                except ValueError as error:
                    raise ValueError(f"`{argument}`: {', '.join(names)}: {error}") from None
    if there := sorted(FACTORS & entries.keys()):
        raise ValueError(f"`{argument}`: {there[0]!r} is a factor of a kernel, whose others are missing. {_REMEDY}")
    return dict(entries)


def all_folded(argument: str, entries: Mapping[str, Any]) -> Mapping[str, Any]:
    """As `folded` for every layer of a network, whose transposed convolutions are called up1, up2, …."""
    rest: dict[str, Any] = {}
    layers: dict[str, dict[str, Any]] = {}
    for name, value in entries.items():
        factor = next((factor for factor in FACTORS if name.endswith(f".{factor}")), None)
        if factor is None:
            rest[name] = value
        else:
            layers.setdefault(name.removesuffix(factor), {})[factor] = value
    for prefix, factors in layers.items():
        kernel = folded(argument, factors, transposed=prefix.startswith("up"))
        rest |= {f"{prefix}{name}": value for name, value in kernel.items()}
    return rest


def _factors(argument: str, entries: Mapping[str, Any], names: tuple[str, ...]) -> list[np.ndarray]:
    if missing := [name for name in names if name not in entries]:
        raise ValueError(
            f"`{argument}`: missing: {missing[0]!r}, a factor of the kernel beside {names[0]!r}. {_REMEDY}"
        )
    return [np.asarray(numbers(argument, name, entries[name])) for name in names]


def _weight_norm(g: np.ndarray, v: np.ndarray) -> np.ndarray:
    """g v / |v|, with a norm for each entry of g: over the axes on which g has one."""
    if g.ndim not in (0, v.ndim) or any(a not in (1, b) for a, b in zip(g.shape, v.shape, strict=False)):
        raise ValueError(f"{g.shape} does not scale {v.shape}.")
    wide_g, wide_v = g.astype(np.float64), v.astype(np.float64)
    axes = tuple(a for a in range(v.ndim) if g.ndim == 0 or g.shape[a] == 1)
    norm = np.sqrt(np.sum(wide_v**2, axis=axes, keepdims=True))
    if not norm.all():
        raise ValueError("a part of the direction has norm 0, so that it is none.")
    return (wide_v * (wide_g / norm)).astype(v.dtype)


def _spectral(weight: np.ndarray, u: np.ndarray, v: np.ndarray, *, axis: int) -> np.ndarray:
    """The weight over uᵀ W v, where W has u's axis first: that of the channels out, or whichever fits."""
    fitting = [
        a for a in (axis, *range(weight.ndim)) if u.shape == (weight.shape[a],) and u.size * v.size == weight.size
    ]
    if not fitting:
        raise ValueError(f"the vectors {u.shape} and {v.shape} do not belong to {weight.shape}.")
    matrix = np.moveaxis(weight.astype(np.float64), fitting[0], 0).reshape(u.size, v.size)
    sigma = u.astype(np.float64) @ matrix @ v.astype(np.float64)
    if sigma == 0:
        raise ValueError("the singular value is 0, so that nothing can be divided by it.")
    return (weight.astype(np.float64) / sigma).astype(weight.dtype)
