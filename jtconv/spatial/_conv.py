"""`conv` and `conv_transpose` of images that are split over devices."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import AbstractMesh, Mesh, PartitionSpec
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision
from jtconv._arrays.exchange import exchange, exchange_transposed
from jtconv._arrays.layer_arguments import checked_conv, checked_transpose
from jtconv._arrays.sharding import resharded
from jtconv._conv import conv as local_conv
from jtconv._conv_transpose import METHODS
from jtconv._conv_transpose import conv_transpose as local_transpose
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv.spatial._split import Split, check_devices, checked_split

Local = Callable[[Array, Array], Array]


@naming_keywords
def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    mesh: Mesh | AbstractMesh,
    split: Sequence[str | None],
    batch: str | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Compute `jtconv.conv` of an image whose spatial axes are split over devices; only halos travel.

    Each device fetches the positions of its neighbours' blocks that its outputs read, with
    `lax.ppermute`, and convolves its block. `halo` gives the number of these positions. If the number of devices does
    not divide a size, zeros fill it up to whole blocks, and the result is cropped. JAX
    has no sharding for such a size, so a program returns such a result whole on every device.

    Args:
      x: (*batch, *in_size, in_ch), floating or complex; it is sharded as `split` says if it is not yet.
      kernel: (*kernel_size, in_ch // groups, out_ch), replicated on every device.
      mesh: the devices, as from `jax.make_mesh`, with axes of type Auto, or all of type Explicit; an
        AbstractMesh within `jax.set_mesh` or `jax.jit`.
      split: for each spatial axis the name of the mesh axis that it is split over, or None.
      batch: the name of the mesh axis that the first batch axis is split over, or None.
      strides, padding, dilation, groups, padding_mode, precision, preferred_element_type: as in
        `jtconv.conv`.

    Returns:
      (*batch, *out_size, out_ch), split in the same way.

    Raises:
      TypeError, ValueError: as `jtconv.conv`; for names that the mesh lacks; for "circular" if the
        number of devices does not divide the input size; for arrays committed to other devices.

    >>> import jax, jax.numpy as jnp
    >>> mesh = jax.make_mesh((1,), ("rows",))
    >>> conv(jnp.ones((2, 8, 6, 3)), jnp.ones((3, 3, 3, 5)), mesh=mesh, split=("rows", None), padding=1).shape
    (2, 8, 6, 5)
    """
    call = checked_conv(
        x,
        kernel,
        precision,
        preferred_element_type,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    checked = checked_split(mesh, split, batch, call.spec, call.image.ndim - 1 - call.spec.ndim)
    check_devices(mesh, x=call.image, kernel=call.kernel)
    return _split_conv(call.image, call.kernel, checked, call.precision).astype(call.result)


@naming_keywords
def conv_transpose(
    y: ArrayLike,
    kernel: ArrayLike,
    *,
    mesh: Mesh | AbstractMesh,
    split: Sequence[str | None],
    batch: str | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    output_size: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    method: str = "auto",
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Compute `jtconv.conv_transpose` of an image whose spatial axes are split over devices; only halos travel.

    It is the transpose of `spatial.conv`, step by step. Each device computes the contributions of its
    block of y. It sends those outside its block of the result to the device that owns them, which adds
    them. So half precision is rounded there once more; `preferred_element_type=jnp.float32` avoids that.

    Args:
      y: (*batch, *out_size, out_ch), floating or complex; it is sharded as `split` says if it is not yet.
      kernel: (*kernel_size, in_ch // groups, out_ch), replicated on every device.
      mesh, split, batch: as in `spatial.conv`.
      strides, padding, output_padding, output_size, dilation, groups: as in `jtconv.conv_transpose`.
      padding_mode, method, precision, preferred_element_type: as in `jtconv.conv_transpose`.

    Returns:
      (*batch, *in_size, in_ch), split in the same way.

    Raises:
      TypeError, ValueError: as `jtconv.conv_transpose`; for names that the mesh lacks; for
        "circular" if the number of devices does not divide the result's size; for arrays committed to
        other devices.

    >>> import jax, jax.numpy as jnp
    >>> mesh = jax.make_mesh((1,), ("rows",))
    >>> y, kernel = jnp.ones((5, 6, 3)), jnp.ones((4, 4, 2, 3))
    >>> conv_transpose(y, kernel, mesh=mesh, split=("rows", None), strides=2, padding=1).shape
    (10, 12, 2)
    """
    call = checked_transpose(
        y,
        kernel,
        output_padding,
        output_size,
        precision,
        preferred_element_type,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    checked = checked_split(mesh, split, batch, call.spec, call.image.ndim - 1 - call.spec.ndim)
    check_devices(mesh, y=call.image, kernel=call.kernel)
    name = arg.one_of("method", method, METHODS)
    return _split_transpose(call.image, call.kernel, name, checked, call.precision).astype(call.result)


@partial(jax.jit, static_argnames=("split", "precision"), inline=True)
def _split_conv(x: Array, kernel: Array, split: Split, precision: Precision) -> Array:
    def local(block: Array, kernel: Array) -> Array:
        return local_conv(
            exchange(block, split.plans, split.names), kernel, precision=precision, **split.local_arguments()
        )

    return _on_devices(local, x, kernel, split, split.local_input_size, split.spec.output_size)


@partial(jax.jit, static_argnames=("method", "split", "precision"), inline=True)
def _split_transpose(y: Array, kernel: Array, method: str, split: Split, precision: Precision) -> Array:
    def local(block: Array, kernel: Array) -> Array:
        windows = local_transpose(
            block, kernel, output_size=split.window_size, method=method, precision=precision, **split.local_arguments()
        )
        return exchange_transposed(windows, split.plans, split.names, split.local_input_size)

    return _on_devices(local, y, kernel, split, split.local_output_size, split.spec.input_size)


def _on_devices(
    local: Local, image: Array, kernel: Array, split: Split, block_size: tuple[int, ...], result_size: tuple[int, ...]
) -> Array:
    """Apply `local` to every device's block of `image`; the result has `result_size`."""
    spec = split.partition(image.ndim)
    blocks = _padded_to(image, split.whole_shape(image.shape, block_size), spec, split)
    kernel = resharded(kernel, split.mesh, PartitionSpec())
    result = jax.shard_map(local, mesh=split.mesh, in_specs=(spec, PartitionSpec()), out_specs=spec)(blocks, kernel)
    batch = image.shape[: image.ndim - 1 - len(result_size)]
    return _cut_to(result, (*batch, *result_size, result.shape[-1]), split)


def _padded_to(image: Array, shape: tuple[int, ...], spec: PartitionSpec, split: Split) -> Array:
    if image.shape == shape:
        return resharded(image, split.mesh, spec)
    whole = resharded(image, split.mesh, PartitionSpec())  # no type describes the sharding of an uneven size
    pads = [(0, after - before) for before, after in zip(image.shape, shape, strict=True)]
    return resharded(jnp.pad(whole, pads), split.mesh, spec)


def _cut_to(image: Array, shape: tuple[int, ...], split: Split) -> Array:
    if image.shape == shape:
        return image
    return resharded(image, split.mesh, PartitionSpec())[tuple(slice(0, size) for size in shape)]
