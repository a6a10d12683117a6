"""Checks of arrays at the public edge: dtypes, channels and batch axes, brought into normal form."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import DTypeLike

from jtconv._geometry import arguments as arg
from jtconv._geometry.open_sizes import any_open

# Errors of NumPy, JAX and torch for a list that holds itself, for text, for an endless range, for a tensor with a
# gradient, …
_NO_ARRAY = (TypeError, ValueError, OverflowError, MemoryError, RecursionError, AttributeError, RuntimeError)

NESTED = "it is nested more deeply than an array has axes."
Precision = Any  # as in `lax.conv_general_dilated`; jax exports no name for the type


def float_array(name: str, value: Any) -> Array:
    """`value` as a floating or complex array; integer arrays are refused."""
    if not isinstance(value, jax.Array):
        value = as_array(name, value)
    if not jnp.issubdtype(value.dtype, jnp.inexact):
        variable = name if name.isidentifier() else "v"
        raise TypeError(
            f"`{name}` must have a floating or complex dtype, got {value.dtype}. Convert it first, for example "
            f"with jnp.asarray({variable}, jnp.float32)."
        )
    return value


def as_array(name: str, value: Any) -> Array:
    """`value` as an array of any dtype that JAX has."""
    try:
        _check_not_in_itself(value)
        return jnp.asarray(value)
    except _NO_ARRAY as reason:
        first = str(reason).partition("\n")[0]
        why = first if first == NESTED else _remedy(value) or first
        raise TypeError(f"`{name}` must be an array that JAX can hold, got {_kind(value)}: {why}") from None


def _kind(value: Any) -> str:
    """The type in a message, with the dtype of arrays and whether a torch tensor has a gradient."""
    kind = type(value).__name__
    if getattr(value, "requires_grad", False) is True:
        return f"a {kind} with a gradient"
    return f"{kind} of dtype {value.dtype}" if isinstance(value, np.ndarray) else kind


def _remedy(value: Any) -> str:
    """Advice for a value that is no array; empty where only JAX's own reason helps."""
    if callable(getattr(value, "detach", None)) and callable(getattr(value, "cpu", None)):  # torch's, not imported here
        wider = ".float()" if "bfloat16" in str(getattr(value, "dtype", "")) else ""  # which NumPy lacks
        return f"pass its numbers, tensor.detach().cpu(){wider}.numpy()."
    if value is None:
        return "pass an array of floats, such as jnp.ones(shape)."
    if isinstance(value, dict):
        return "pass one of its arrays."
    if isinstance(value, str | bytes) or (isinstance(value, np.ndarray) and value.dtype.kind in "OSU"):
        return "pass numbers, for example with np.asarray(values, np.float32)."
    if isinstance(value, list | tuple):
        return "pass numbers in rows of one length, for example as np.asarray(values, np.float32)."
    return ""


def _check_not_in_itself(value: Any, inside: tuple[int, ...] = ()) -> None:
    """Check that no list contains itself: JAX (0.10) would recurse until Python's stack is exhausted."""
    if isinstance(value, list | tuple):
        if id(value) in inside or len(inside) > arg.MAX_AXES:
            raise ValueError(NESTED)
        for entry in value:
            _check_not_in_itself(entry, (*inside, id(value)))


def check_kernel(kernel: Array) -> tuple[int, ...]:
    """Check the kernel's rank and sizes; return its spatial shape."""
    if kernel.ndim < 2:
        raise ValueError(
            f"`kernel` must have shape (*kernel_size, in_ch // groups, out_ch), at least 2 axes, got shape "
            f"{kernel.shape}."
        )
    if any_open(kernel.shape):
        raise ValueError(
            f"`kernel` must have sizes in numbers, got shape {kernel.shape}: `jax.export` may leave open those of the "
            f"image, but taps and channels are part of the program."
        )
    if 0 in kernel.shape:
        raise ValueError(f"`kernel` must have no empty axis, got shape {kernel.shape}.")
    return kernel.shape[:-2]


def check_groups(kernel: Array, groups: int) -> None:
    hint = f" (kernel shape {kernel.shape}, read as (*kernel_size, in_ch // groups, out_ch))"
    arg.check_groups(groups, kernel.shape[-1], "the kernel's last axis, out_ch", hint=hint)


def check_image(name: str, image: Array, channels: int, ndim: int, meaning: str) -> tuple[int, ...]:
    """The spatial shape of `image` (*batch, *size, channels)."""
    if image.ndim < ndim + 1:
        raise ValueError(
            f"`{name}` must have shape (*batch, *size, channels) with {ndim} spatial "
            f"{'axis' if ndim == 1 else 'axes'}, as many as the kernel has, got shape {image.shape}."
        )
    if image.shape[-1] != channels:
        raise ValueError(
            f"`{name}` must have {channels} channels in its last axis, {meaning}, got {image.shape[-1]} (shape "
            f"{image.shape}). Channels come last here{_moved(image, channels, ndim)}."
        )
    spatial = image.shape[image.ndim - 1 - ndim : -1]
    if 0 in spatial:
        raise ValueError(f"`{name}` must have no empty spatial axis, got shape {image.shape}.")
    return spatial


def _moved(image: Array, channels: int, ndim: int) -> str:
    """Advice for an image that looks channels-first."""
    return f": jnp.moveaxis(…, {-1 - ndim}, -1) moves them" if image.shape[-1 - ndim] == channels else ""


def dtypes(a: Array, b: Array, preferred: DTypeLike | None) -> tuple[jnp.dtype, jnp.dtype]:
    """(dtype of the computation, dtype of the result). Mixed inputs are promoted, as in jax.numpy."""
    with jax.numpy_dtype_promotion("standard"):
        common = promoted("the arrays must have dtypes that promote to one", a, b)
        if preferred is None:
            return common, common
        result = floating("preferred_element_type", preferred)
        if jnp.issubdtype(common, jnp.complexfloating) and not jnp.issubdtype(result, jnp.complexfloating):
            raise TypeError(
                f"`preferred_element_type` must be complex where an input is, got {result} for {common}: it would "
                f"drop the imaginary part. Take .real of the result."
            )
        rule = "`preferred_element_type` must be a dtype that the arrays' own promotes with"
        return promoted(rule, common, result), result


def promoted(rule: str, *operands: Array | jnp.dtype) -> jnp.dtype:
    """The dtype that these arrays and dtypes promote to.

    Raises TypeError, beginning with `rule`, where JAX has none, as for most floats of 8 bits.
    """
    try:
        return jnp.result_type(*operands)
    except (TypeError, ValueError):
        given = " and ".join(dict.fromkeys(str(getattr(x, "dtype", x)) for x in operands))
        raise TypeError(f"{rule}, got {given}. Convert one of the arrays with .astype.") from None


def floating(name: str, dtype: DTypeLike) -> jnp.dtype:
    """`dtype`, if it is a floating or complex one."""
    try:
        known = jnp.dtype(dtype)
        jnp.promote_types(known, known)  # refuses dtypes that NumPy has and JAX lacks
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be a floating or complex dtype, got {arg.shown(dtype)}.") from None
    if not jnp.issubdtype(known, jnp.inexact):
        raise TypeError(f"`{name}` must be a floating or complex dtype, got {known}.")
    return known


def accumulator(dtype: jnp.dtype) -> jnp.dtype:
    """float32 for dtypes of less than 32 bits, otherwise the dtype itself."""
    return jnp.dtype(jnp.float32) if jnp.finfo(dtype).bits < 32 else dtype


def check_precision(precision: Precision) -> Precision:
    """`precision` in hashable form, refused here rather than inside a trace.

    None stands for `jax.default_matmul_precision`. It is read now, because the program is compiled later.
    """
    if precision is None:
        return _default_precision()
    entries = precision if isinstance(precision, tuple | list) else (precision,)
    try:
        if len(entries) not in (1, 2) or not all(isinstance(p, str | lax.Precision) for p in entries):
            raise ValueError
        checked = tuple(lax.Precision(p) for p in entries)
    except ValueError:
        raise ValueError(
            f"`precision` must be None, 'default', 'high', 'highest', a jax.lax.Precision or a pair of them, got "
            f"{arg.shown(precision)}."
        ) from None
    return checked if len(checked) == 2 else checked[0]


def _default_precision() -> lax.Precision | None:
    try:
        return lax.Precision(jax.config.jax_default_matmul_precision)  # pyright: ignore[reportAttributeAccessIssue] (a setting)
    except ValueError:  # None, or the name of a matmul algorithm, which convolutions do not accept
        return None


def merge_batch(image: Array, ndim: int) -> Array:
    """(*batch, *size, channels) -> (N, *size, channels)."""
    tail = image.shape[image.ndim - 1 - ndim :]
    return image.reshape(math.prod(image.shape[: image.ndim - 1 - ndim]), *tail)


def split_batch(image: Array, like: Array, ndim: int) -> Array:
    """Undo `merge_batch`: give `image` the batch axes of `like`."""
    return image.reshape(*like.shape[: like.ndim - 1 - ndim], *image.shape[1:])
