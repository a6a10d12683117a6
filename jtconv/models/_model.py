"""A network that is no longer trained, what its inputs and its classes are, and its arrays by name."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike

from jtconv.weights import Preprocessing

SAVED = nnx.Any(nnx.Param, nnx.BatchStat)


class Classes(NamedTuple):
    """The classes 0, 1, … of a pixel."""

    names: tuple[str, ...]
    colours: tuple[str, ...]  # "#rrggbb"
    background: int | None = None
    foreground: str = "foreground"  # what the classes other than the background are, in one word

    @staticmethod
    def is_colour(text: str) -> bool:
        """Whether it is written #rrggbb."""
        return re.fullmatch("#[0-9a-fA-F]{6}", text) is not None


class Signature(NamedTuple):
    """The facts that a network is made for. Hashable: programs are compiled for it."""

    in_ch: int
    num_classes: int
    preprocessing: Preprocessing
    white: float = 255.0  # the highest value of a picture's channel


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
