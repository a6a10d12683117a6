"""`state_from_linen`: the variables of a Linen module as the state of an NNX module."""

from collections.abc import Mapping
from typing import Any

from flax import nnx
from flax.core import meta

from jtconv._modules._entries import flat_entries
from jtconv._modules._nnx_entries import filled_state, linen_paths, nnx_entries


def state_from_linen(variables: Mapping[str, Any], like: nnx.Module | nnx.State) -> nnx.State:
    """The state with which the NNX module `like` computes the same as a Linen module.

    The names are those of `jtconv.linen.variables_from_nnx`. `nnx.update(like, state)` stores the
    state in a module.

    Args:
      variables: what Linen's `init` returns, or its "params" alone; sharding metadata is dropped.
      like: the NNX module, or its state; it may be abstract, from `nnx.eval_shape`.

    Returns:
      The Params and statistics of `like`, with its metadata and the arrays of `variables`.

    Raises:
      TypeError: if `variables` or `like` is of another type.
      ValueError: listing all entries that are missing, of a wrong shape, or unexpected.

    >>> import jax, jax.numpy as jnp
    >>> from flax import nnx
    >>> import jtconv.linen
    >>> theirs = jtconv.linen.Conv(3, (4, 4), strides=2)
    >>> variables = theirs.init(jax.random.key(0), jnp.ones((2, 9, 8, 5)))
    >>> ours = jtconv.nn.Conv(5, 3, (4, 4), strides=2, rngs=nnx.Rngs(1))
    >>> nnx.update(ours, state_from_linen(variables, ours))
    >>> x = jnp.ones((2, 9, 8, 5))
    >>> bool((ours(x) == theirs.apply(variables, x)).all())
    True
    """
    if not isinstance(variables, Mapping):
        raise TypeError(f"`variables` must be nested dicts, as Linen's init returns, got {type(variables).__name__}.")
    found = flat_entries(meta.unbox(variables if "params" in variables else {"params": variables}))
    entries = nnx_entries("like", like)
    return filled_state("variables", found, entries, linen_paths(entries))
