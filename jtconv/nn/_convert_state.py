"""State of Flax's own NNX modules, and of Linen parameters, for modules of `jtconv.nn`."""

from collections.abc import Mapping
from typing import Any

from flax import nnx
from flax.core import meta

from jtconv._frameworks import flax, ours
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._modules.entries import Path, filled_state, flat_entries, linen_paths, nnx_entries
from jtconv.nn._conv_transpose import ConvTranspose


def convert_state(source: nnx.Module, like: nnx.Module) -> nnx.State:
    """Convert the state of `source` to the layout of `like`, from Flax's layers to jtconv's or back.

    `nnx.Conv` and `Conv` store the same kernel, as do `nnx.ConvTranspose(transpose_kernel=True)` and
    `ConvTranspose`. Without transpose_kernel Flax stores it reversed in space, with channels swapped;
    the conversion undoes or applies this. Other entries pass unchanged, so whole models convert both ways.

    Args:
      source: a module that contains Flax's or jtconv's layers, at any depth.
      like: a module with the same attributes; its arrays are not read, so `nnx.eval_shape` suffices.

    Returns:
      The Params and statistics of `like`, with its metadata and the numbers of `source`.
      `nnx.update(like, state)` stores them in `like`.

    Raises:
      TypeError: if `source` or `like` is not an NNX module.
      ValueError: listing all entries that are missing, of a wrong shape, or unexpected.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> theirs = nnx.ConvTranspose(8, 3, (4, 4), strides=2, padding="VALID", rngs=nnx.Rngs(0))
    >>> ours = ConvTranspose(8, 3, (4, 4), strides=2, rngs=nnx.Rngs(1))
    >>> nnx.update(ours, convert_state(theirs, ours))
    >>> y = jnp.ones((2, 5, 6, 8))
    >>> bool(jnp.allclose(ours(y), theirs(y), atol=1e-5))
    True
    """
    for name, module in (("source", source), ("like", like)):
        if not isinstance(module, nnx.Module):
            raise TypeError(
                f"`{name}` must be an NNX module, whose layers give the kernel layout, got {type(module).__name__}."
            )
    entries = nnx_entries("like", like)
    from_layouts, to_layouts = _kernel_layouts(source), _kernel_layouts(like)
    found = {}
    for path, variable in nnx_entries("source", source).items():
        value = variable.get_value()
        if path in from_layouts and path in to_layouts:
            value = _relaid(value, from_layouts[path], to_layouts[path])
        found[path] = value
    return filled_state("source", found, entries, {path: path for path in entries})


def _relaid(kernel: Any, source: tuple[KernelLayout, int], target: tuple[KernelLayout, int]) -> Any:
    if source == target:
        return kernel
    return target[0].from_ours(source[0].to_ours(kernel, source[1]), target[1])


def _kernel_layouts(model: nnx.Module) -> dict[Path, tuple[KernelLayout, int]]:
    """Layout and groups of the kernels of transposed convolutions, by path."""
    layouts = {}
    for path, module in nnx.iter_modules(model):
        if isinstance(module, ConvTranspose):
            layouts[*path, "kernel"] = ours.LAYOUT, module.geometry.groups
        elif isinstance(module, nnx.ConvTranspose):
            layouts[*path, "kernel"] = flax.layout(transpose_kernel=module.transpose_kernel), 1
    return layouts


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
