"""The common part of the adapters: checks of arrays in the words of the framework, and the call underneath."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from jtconv._arrays import checks
from jtconv._conv_transpose import conv_transpose
from jtconv._geometry import arguments as arg
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.open_sizes import Size, any_open, is_open
from jtconv._geometry.spec import ConvSpec

ANY_SIZE = 2**12  # positions, in place of an open size: enough for any padding to leave some


def one_dtype(**arrays: Any) -> list[Array]:
    """The arrays, floating or complex and all of one dtype, for frameworks that promote nothing."""
    checked = [checks.float_array(name, value) for name, value in arrays.items()]
    if len({a.dtype for a in checked}) > 1:
        names = " and ".join(f"`{name}`" for name in arrays)
        kinds = " and ".join(str(a.dtype) for a in checked)
        raise TypeError(f"{names} must have one dtype, got {kinds}. Convert one of them with .astype.")
    return checked


def real(**arrays: Any) -> dict[str, Array]:
    """Return the arrays, floating and not complex, for frameworks that have no complex layers."""
    checked = {name: checks.float_array(name, value) for name, value in arrays.items()}
    for name, array in checked.items():
        if jnp.iscomplexobj(array):
            raise TypeError(f"`{name}` must have a floating dtype, not a complex one, got {array.dtype}.")
    return checked


def kernel_rank(name: str, kernel: Array, axes: str) -> Array:
    """`kernel`, which needs at least the two axes of channels; `axes` names them all."""
    if kernel.ndim < 2:
        raise ValueError(f"`{name}` must have shape {axes}, got shape {kernel.shape}.")
    return kernel


def channels(name: str, y: Array, kernel_name: str, kernel: Array) -> None:
    """Check that y (*batch, *size, ch) has the axes and the channels that `kernel`, in our layout, takes."""
    ndim = kernel.ndim - 2
    not_empty(kernel_name, kernel)
    if y.ndim <= ndim:
        raise ValueError(
            f"`{name}` must have {ndim} spatial axes, as `{kernel_name}` has, and channels, got {y.shape}."
        )
    if y.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"`{name}` must have the {kernel.shape[-1]} channels that `{kernel_name}` takes, got {y.shape[-1]}."
        )
    _not_empty_in_space(name, y, y.shape[y.ndim - 1 - ndim : -1])


def channels_first(
    name: str, y: Array, kernel_name: str, kernel: Array, ndim: int, *, batched: tuple[bool, ...]
) -> None:
    """Check that y (N, ch, *size) and the kernel (ch, out_ch // groups, *k) have `ndim` spatial axes and the same ch.

    `batched` says whether y may come with N, without it, or both.
    """
    if kernel.ndim != ndim + 2:
        raise ValueError(
            f"`{kernel_name}` must have shape (in_ch, out_ch // groups, *k) with {ndim} spatial "
            f"{'axis' if ndim == 1 else 'axes'}, got {kernel.shape}."
        )
    not_empty(kernel_name, kernel)
    if y.ndim not in [ndim + 1 + has_batch for has_batch in batched]:
        axes = " or ".join("(N, in_ch, *size)" if has_batch else "(in_ch, *size)" for has_batch in reversed(batched))
        raise ValueError(f"`{name}` must have shape {axes} with {ndim} spatial axes, got {y.shape}.")
    if y.shape[-1 - ndim] != kernel.shape[0]:
        raise ValueError(
            f"`{name}` must have as many channels as the first axis of `{kernel_name}`, {kernel.shape[0]}, got "
            f"{y.shape[-1 - ndim]} (shapes {y.shape} and {kernel.shape})."
        )
    _not_empty_in_space(name, y, y.shape[-ndim:])


def _not_empty_in_space(name: str, y: Array, sizes: tuple[int, ...]) -> None:
    if 0 in sizes:
        raise ValueError(f"`{name}` must have no empty spatial axis, got shape {y.shape}.")


def not_empty(name: str, kernel: Array) -> None:
    """Check that the kernel has taps and channels."""
    if 0 in kernel.shape:
        raise ValueError(f"`{name}` must have no empty axis, got shape {kernel.shape}.")


def divided_by_groups(name: str, kernel: Array, axis: int, groups: Any, argument: str = "groups") -> None:
    """Check that `groups` is at least 1 and divides this axis of the kernel."""
    count = arg.at_least(argument, arg.integer(argument, groups), 1)
    hint = f" (shape {kernel.shape})"
    arg.check_groups(count, kernel.shape[axis], f"axis {axis} of `{name}`", name=argument, hint=hint)


def with_bias(x: Array, name: str, bias: Any) -> Array:
    """x (…, ch) with one number per channel added: of x's dtype, or real where x is."""
    if bias is None:
        return x
    array = bias_of(name, bias, x.shape[-1:])
    if array.dtype != x.dtype and (jnp.iscomplexobj(array) or jnp.iscomplexobj(x)):
        raise TypeError(
            f"`{name}` must have the result's dtype, {x.dtype}, got {array.dtype}. Convert it with .astype."
        )
    return x + array.astype(x.dtype)


def plus_bias(x: Array, name: str, bias: Any, shape: tuple[int, ...]) -> Array:
    """x plus `bias` of `shape`, in the dtype that the two promote to."""
    array = bias_of(name, bias, shape)
    checks.promoted(f"`{name}` must have a dtype that promotes with the result's", x, array)
    return x + array


def bias_of(name: str, bias: Any, shape: tuple[int, ...]) -> Array:
    """`bias` as an array of `shape`, one number per output channel."""
    array = checks.as_array(name, bias)
    if array.shape != shape:
        raise ValueError(f"`{name}` must have shape {shape}, one number per output channel, got {array.shape}.")
    return array


def wide_enough(preferred: DTypeLike | None, y: Array) -> jnp.dtype | None:
    """`preferred_element_type`, which lax lets widen but not narrow."""
    if preferred is None:
        return None
    dtype = checks.floating("preferred_element_type", preferred)
    alike = jnp.issubdtype(dtype, jnp.complexfloating) == jnp.issubdtype(y.dtype, jnp.complexfloating)
    if not alike or dtype.itemsize < y.dtype.itemsize:
        raise TypeError(
            f"`preferred_element_type` must be of the input's kind, {y.dtype}, and no narrower, got {dtype}. Convert "
            f"the result with .astype."
        )
    return dtype


def masked(kernel: Any, mask: Any, name: str) -> Array:
    """The kernel, called `name`, as an array, times a mask of its shape."""
    kernel = checks.as_array(name, kernel)
    if mask is None:
        return kernel
    mask = checks.as_array("mask", mask)
    if not (jnp.issubdtype(mask.dtype, jnp.number) or mask.dtype == bool):
        raise TypeError(f"`mask` must be an array of numbers or bools, got {mask.dtype}.")
    if mask.shape != kernel.shape:
        raise ValueError(f"`mask` must have the shape of `{name}`, {kernel.shape}, got {mask.shape}.")
    return kernel * mask


def size_read(sizes: Sequence[Size], **others: Any) -> tuple[int, ...]:
    """The spatial size for which a framework's arguments are read: a number for those that `jax.export` leaves open.

    No padding depends on it, except by arguments such as the result's size: `others`, by name, None if not given.
    """
    for name, value in others.items():
        if value is not None and any_open(sizes):
            raise ValueError(
                f"`{name}` {arg.shown(value)} needs an image of known size, but `jax.export` leaves {sizes} open: the "
                f"padding would depend on it."
            )
    return tuple(ANY_SIZE if is_open(n) else n for n in sizes)


def transposed_as_read(y: Array, kernel: Array, spec: ConvSpec, **options: Any) -> Array:
    """Return Cᵀ y for the layer that a framework's arguments describe, y and the kernel in this library's layouts.

    `options` are `conv_transpose`'s `precision`, `preferred_element_type` and `method`.
    """
    size: dict[str, Any] = {"output_size": spec.input_size}
    if any_open(y.shape[-1 - spec.ndim : -1]):
        geometry = ConvGeometry(spec.kernel_size, **spec.arguments())
        size = {"output_padding": geometry.output_padding_for(spec.input_size)}
    return conv_transpose(y, kernel, **size, **spec.arguments(), **options)
