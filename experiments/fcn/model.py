"""A network that is no longer trained, and its arrays by name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike

from experiments.fcn.task import Classes, Signature

SAVED = nnx.Any(nnx.Param, nnx.BatchStat)


class Model(NamedTuple):
    """A network that is no longer trained, and what its inputs and its classes are."""

    network: nnx.GraphDef
    parameters: nnx.State
    statistics: nnx.State  # all that is not parameters
    classes: Classes
    signature: Signature


def arrays_of(model: Model) -> dict[str, np.ndarray]:
    """The arrays of the network that are saved, by name."""
    return {
        name: np.asarray(variable.get_value())
        for state in (model.parameters, model.statistics)
        for name, variable in named(nnx.filter_state(state, SAVED)).items()
    }


def with_arrays(model: Model, arrays: Mapping[str, ArrayLike]) -> Model:
    """The model with other arrays in place of all its own; see `arrays_of`."""
    return model._replace(parameters=filled(model.parameters, arrays), statistics=filled(model.statistics, arrays))


def filled(abstract: nnx.State, arrays: Mapping[str, ArrayLike]) -> nnx.State:
    """The state with its arrays; what is not saved (a dropout's keys) is as at the start, and never used."""
    variables = [
        (path, variable.replace(jnp.asarray(arrays[name]) if name in arrays else initial(variable.get_value())))
        for path, variable in nnx.to_flat_state(abstract)
        for name in [dotted(path)]
    ]
    return nnx.from_flat_state(variables)


def initial(abstract: Any) -> jax.Array:
    if jnp.issubdtype(abstract.dtype, jax.dtypes.prng_key):
        return jax.random.key(0)
    return jnp.zeros(abstract.shape, abstract.dtype)


def named(state: nnx.State) -> dict[str, Any]:
    """The variables of a state by their paths, such as "conv6.conv.kernel"."""
    return {dotted(path): variable for path, variable in nnx.to_flat_state(state)}


def dotted(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))
