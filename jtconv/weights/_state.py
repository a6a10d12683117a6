"""A network's variables by name. The only file that needs Flax, which is imported when it is asked."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp


def flat_state(model: Any) -> dict[str, Any]:
    """Parameters and statistics by their paths, with dots: "conv6.conv.kernel"."""
    return {".".join(map(str, path)): variable for path, variable in _flat(model)}


def is_abstract(variable: Any) -> bool:
    """Whether there is a shape only, as `nnx.eval_shape` gives."""
    return isinstance(variable.get_value(), jax.ShapeDtypeStruct)


def update(model: Any, arrays: Mapping[str, Any]) -> None:
    """Set the variables named, in the dtypes that they have."""
    from flax import nnx

    pairs = [(path, x, arrays[name]) for path, x in _flat(model) if (name := ".".join(map(str, path))) in arrays]
    new = [(path, variable.replace(jnp.array(array, variable.dtype))) for path, variable, array in pairs]
    nnx.update(model, nnx.from_flat_state(new))


def _flat(model: Any) -> list[tuple[tuple[Any, ...], Any]]:
    from flax import nnx

    return list(nnx.to_flat_state(nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))))
