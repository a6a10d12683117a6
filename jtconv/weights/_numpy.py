"""Arrays of any library as NumPy's, and what is asked of a mapping that holds them."""

import sys
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jtconv.weights._entry import Entry


def as_numpy(value: Any) -> np.ndarray:
    """`value` as an array; torch's tensors too, which NumPy does not take with gradients or in bfloat16."""
    torch = sys.modules.get("torch")  # whoever has a tensor has imported it
    if torch is not None and isinstance(value, torch.Tensor):
        return tensor_array(value.detach().cpu(), torch)
    return np.asarray(value)


def tensor_array(tensor: Any, torch: Any) -> np.ndarray:
    """A copy of a tensor without gradient, on the CPU."""
    if tensor.dtype == torch.bfloat16:  # NumPy has no such dtype of its own: by its bits
        return tensor.contiguous().view(torch.int16).numpy().view(jnp.bfloat16).copy()
    return np.array(tensor.resolve_conj().resolve_neg().numpy())


def checked_mapping(name: str, arrays: Any) -> Mapping[str, Any]:
    """The argument called `name`, if it is a mapping whose keys are strings."""
    if not isinstance(arrays, Mapping):
        raise TypeError(f"`{name}` must be a mapping of names to arrays, got {type(arrays).__name__}.")
    for key in arrays:
        if not isinstance(key, str):
            raise TypeError(f"`{name}` must have names that are strings, got {key!r} ({type(key).__name__}).")
    return arrays


def numbers(name: str, key: str, value: Any) -> Any:
    """`value` as an array of numbers: JAX's and a file's entries as they are, else NumPy's."""
    try:
        array = value if isinstance(value, jax.Array | Entry) else as_numpy(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}`: {key!r} must hold numbers, got {type(value).__name__}: {error}") from None
    if not (jnp.issubdtype(array.dtype, jnp.number) or array.dtype == bool):
        raise ValueError(f"`{name}`: {key!r} must hold numbers, got {type(value).__name__} of dtype {array.dtype}.")
    return array
