"""`tiled_conv` and `tiled_conv_transpose`: on one device, tile by tile, within a bound on memory."""

from collections.abc import Sequence
from functools import partial

import jax
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays import checks
from jtconv._arrays.checks import Precision
from jtconv._arrays.layer_arguments import Call, checked_conv, checked_transpose
from jtconv._conv_transpose import METHODS
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv.spatial import _tiled_maps
from jtconv.spatial._tile_plan import least_bytes, longest_axis


@naming_keywords
def tiled_conv(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    memory: int,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Compute `jtconv.conv` in tiles, with at most `memory` bytes besides x, the kernel and y.

    A tile has as many rows as fit along the longest spatial axis, or several images. Derivatives, of
    any order and in both modes, are tiled maps too, within the same bound. The bound excludes their arguments
    and results. It also excludes an array converted to the dtype of the computation, and
    one copy of a bfloat16 image, which XLA for the CPU makes (jax 0.10.2).
    Under `jax.vmap` over kernels a tile is computed with all of them, and may exceed `memory`.

    Args:
      x: (*batch, *in_size, in_ch), floating or complex. With one channel, give it a batch axis: without
        one, XLA for the CPU copies the whole result.
      kernel: (*kernel_size, in_ch // groups, out_ch), with at least one spatial axis.
      memory: bytes for everything that is not given or returned, an estimate from above for a CPU.
      strides, padding, dilation, groups, padding_mode, precision, preferred_element_type: as in
        `jtconv.conv`.

    Returns:
      (*batch, *out_size, out_ch).

    Raises:
      TypeError, ValueError: as `jtconv.conv`; if a tile of one row takes more than `memory`; for an
        image whose type says that it is split over devices.

    >>> import jax.numpy as jnp
    >>> tiled_conv(jnp.ones((64, 32, 3)), jnp.ones((3, 3, 3, 5)), memory=2**16, padding=1).shape
    (64, 32, 5)
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
    _check_whole("x", call.image)
    memory = _checked_memory(call, memory, "auto")
    return _tiled_conv(*call[:-1], memory=memory).astype(call.result)


@naming_keywords
def tiled_conv_transpose(
    y: ArrayLike,
    kernel: ArrayLike,
    *,
    memory: int,
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
    """Compute `jtconv.conv_transpose` in tiles, with at most `memory` bytes besides y, the kernel and x.

    Tiles of the result are added where they overlap. So half precision is rounded there once more for
    every tile. `preferred_element_type=jnp.float32` avoids that, and so does more memory.
    Derivatives are tiled too; see `tiled_conv`.

    Args:
      y: (*batch, *out_size, out_ch), floating or complex.
      kernel: (*kernel_size, in_ch // groups, out_ch), with at least one spatial axis.
      memory: bytes for everything that is not given or returned, an estimate from above for a CPU.
      strides, padding, output_padding, output_size, dilation, groups: as in `jtconv.conv_transpose`.
      padding_mode, method, precision, preferred_element_type: as in `jtconv.conv_transpose`.

    Returns:
      (*batch, *in_size, in_ch).

    Raises:
      TypeError, ValueError: as `jtconv.conv_transpose`, and as `tiled_conv`.

    >>> import jax.numpy as jnp
    >>> y, kernel = jnp.ones((64, 32, 3)), jnp.ones((4, 4, 2, 3))
    >>> tiled_conv_transpose(y, kernel, memory=2**17, strides=2, padding=1, method="lax").shape
    (128, 64, 2)
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
    name = arg.one_of("method", method, METHODS)
    _check_whole("y", call.image)
    memory = _checked_memory(call, memory, name)
    return _tiled_transpose(*call[:-1], memory=memory, method=name).astype(call.result)


def _check_whole(name: str, image: Array) -> None:
    """Check that the image's type does not say that it is split over devices."""
    spec = jax.typeof(image).sharding.spec
    if any(part is not None for part in spec):
        raise ValueError(
            f"`{name}` must be whole on its device, got one that is split as {spec}. Use `spatial.conv` or "
            f"`spatial.conv_transpose` for such images."
        )


def _checked_memory(call: Call, memory: int, method: str) -> int:
    memory = arg.integer_of_any_size("memory", memory)
    if call.spec.ndim == 0:
        raise ValueError(
            f"`kernel` must have a spatial axis for its image to be cut into tiles, got shape {call.kernel.shape}."
        )
    itemsize = checks.accumulator(call.kernel.dtype).itemsize
    # Derivatives use "auto", so the bound must cover it too.
    least = max(least_bytes(call.spec, call.kernel.shape, itemsize, name) for name in (method, "auto"))
    if memory < least:
        axis = longest_axis(call.spec)
        raise ValueError(
            f"`memory` must be at least {least} bytes for this layer with method={method!r}, the memory of one row of "
            f"outputs along spatial axis {axis}, got {memory}. Allow more, or split the image over devices with "
            f"`spatial.conv` or `spatial.conv_transpose`."
        )
    return memory


@partial(jax.jit, static_argnames=("spec", "precision", "memory"), inline=True)
def _tiled_conv(x: Array, kernel: Array, spec: ConvSpec, precision: Precision, memory: int) -> Array:
    y = _tiled_maps.forward(checks.merge_batch(x, spec.ndim), kernel, spec, precision, memory)
    return checks.split_batch(y, x, spec.ndim)


@partial(jax.jit, static_argnames=("spec", "precision", "memory", "method"), inline=True)
def _tiled_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision, memory: int, method: str) -> Array:
    x = _tiled_maps.transposed(checks.merge_batch(y, spec.ndim), kernel, spec, precision, memory, method)
    return checks.split_batch(x, y, spec.ndim)
