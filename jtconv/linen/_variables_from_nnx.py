"""`variables_from_nnx`: the state of an NNX module as the variables of a Linen module."""

from typing import Any

from flax import nnx

from jtconv._modules._entries import nested_entries
from jtconv._modules._nnx_entries import linen_paths, nnx_entries


def variables_from_nnx(module: nnx.Module | nnx.State) -> dict[str, Any]:
    """The variables with which a Linen module computes the same as an NNX module.

    Attributes of the NNX module become names of submodules. Entry i of a list `blocks`
    becomes "blocks_i", as in Linen. Params are in the collection "params", BatchStats in
    "batch_stats". The state of random numbers is omitted.

    Args:
      module: an NNX module or its state.

    Returns:
      {"params": {…}, …}, nested dicts of the same arrays, without sharding metadata.

    Raises:
      TypeError: if `module` is neither a module nor a state.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> import jtconv.nn
    >>> theirs = jtconv.nn.ConvTranspose(8, 3, (4, 4), strides=2, rngs=nnx.Rngs(0))
    >>> variables = variables_from_nnx(theirs)
    >>> ours = jtconv.linen.ConvTranspose(3, (4, 4), strides=2)
    >>> y = jnp.ones((2, 5, 6, 8))
    >>> bool((ours.apply(variables, y) == theirs(y)).all())
    True
    """
    entries = nnx_entries("module", module)
    paths = linen_paths(entries)
    return nested_entries({paths[path]: variable.get_value() for path, variable in entries.items()})
