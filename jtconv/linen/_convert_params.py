"""Parameters of Flax's own Linen layers, and of NNX modules, as those of `jtconv.linen`."""

from collections.abc import Callable, Mapping
from typing import Any

from flax import nnx, traverse_util
from flax.core import meta
from jax import Array

from jtconv._arrays.checks import as_array
from jtconv._frameworks import flax
from jtconv._geometry import arguments as arg
from jtconv._modules.entries import check_entries, linen_paths, nnx_entries


def params_from_flax(params: Mapping[str, Any], *, transpose_kernel: bool = False) -> dict[str, Array]:
    """Convert the parameters of one `flax.linen.ConvTranspose` for `jtconv.linen.ConvTranspose`.

    Flax's kernel is (*k, in_ch, out_ch), reversed in space. With `transpose_kernel` it is jtconv's,
    (*k, out_ch, in_ch). (`flax.linen.Conv` and jtconv's `Conv` have the same parameters.)

    Args:
      params: {"kernel": …} or {"kernel": …, "bias": …}; sharding metadata is dropped.
      transpose_kernel: the value of Flax's layer.

    Raises:
      TypeError, ValueError: if `params` are not those of one layer; the message lists the differences.

    >>> import jax, jax.numpy as jnp
    >>> from flax import linen
    >>> import jtconv.linen
    >>> theirs = linen.ConvTranspose(3, (4, 4), strides=(2, 2), padding="VALID")
    >>> y = jnp.ones((2, 5, 6, 8))
    >>> expected, variables = theirs.init_with_output(jax.random.key(0), y)
    >>> ours = jtconv.linen.ConvTranspose(3, (4, 4), strides=2)
    >>> x = ours.apply({"params": params_from_flax(variables["params"])}, y)
    >>> bool(jnp.allclose(x, expected, atol=1e-5))
    True
    """
    transpose_kernel = arg.truth("transpose_kernel", transpose_kernel)
    convert = flax.layout(transpose_kernel=transpose_kernel).to_ours
    return _converted(params, convert, out_axis=-2 if transpose_kernel else -1)


def params_to_flax(params: Mapping[str, Any], *, transpose_kernel: bool = False) -> dict[str, Array]:
    """Undo `params_from_flax`, for `flax.linen.ConvTranspose`, which has no groups.

    Args:
      params: {"kernel": …} or {"kernel": …, "bias": …} of one `jtconv.linen.ConvTranspose`.
      transpose_kernel: the value of Flax's layer.

    Raises:
      TypeError, ValueError: if `params` are not those of one layer; the message lists the differences.

    >>> import jax.numpy as jnp
    >>> params_to_flax({"kernel": jnp.ones((4, 2, 3, 8))})["kernel"].shape
    (4, 2, 8, 3)
    """
    convert = flax.layout(transpose_kernel=arg.truth("transpose_kernel", transpose_kernel)).from_ours
    return _converted(params, convert, out_axis=-2)


def _converted(params: Mapping[str, Any], convert: Callable[[Any], Any], *, out_axis: int) -> dict[str, Array]:
    if not isinstance(params, Mapping):
        raise TypeError(f'`params` must be a dict with "kernel", got {type(params).__name__}.')
    if isinstance(params.get("params"), Mapping):
        raise ValueError('`params` must be one layer\'s {"kernel": …}, got {"params": …}; pass variables["params"].')
    arrays = {name: as_array("params", value) for name, value in meta.unbox(params).items()}
    _check_params(arrays, out_axis)
    return arrays | {"kernel": convert(arrays["kernel"])}


def _check_params(arrays: Mapping[str, Array], out_axis: int) -> None:
    shapes = {(name,): array.shape for name, array in arrays.items()}
    kernel = shapes.get(("kernel",), ())
    if len(kernel) < 2:
        raise ValueError(f'`params` must have a "kernel" of at least 2 axes, got the shapes {shapes}.')
    bias = {("bias",): (kernel[out_axis],)} if "bias" in arrays else {}
    check_entries("params", shapes, {("kernel",): kernel} | bias)


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
    >>> from flax import nnx, traverse_util
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
    return traverse_util.unflatten_dict({paths[path]: variable.get_value() for path, variable in entries.items()})
