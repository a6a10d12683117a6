"""Settings of a network in normal form: every message names the setting, the rule and the value."""

from typing import Any

import jax.numpy as jnp

from jtconv._arrays.checks import floating
from jtconv._geometry import arguments as arg

MOST_STAGES = 31  # an axis has fewer than 2**31 pixels


def channels(name: str, value: Any) -> int:
    """`value` as a number of channels."""
    return arg.at_least(name, arg.integer(name, value), 1)


def depths(value: Any, least: int) -> tuple[int, ...]:
    """`value` as numbers of convolutions, of at least so many stages."""
    if not arg.is_sequence(value):
        raise TypeError(f"`depths` must be a tuple of ints, one per stage, got {arg.shown(value)}.")
    if len(value) < least:
        raise ValueError(f"`depths` must have at least {least} entries, got {arg.shown(value)}.")
    if len(value) > MOST_STAGES:
        raise ValueError(
            f"`depths` must have at most {MOST_STAGES} entries, each halves the image, got {len(value):,}."
        )
    counts = tuple(arg.integer("depths", depth) for depth in value)
    if min(counts) < 1:
        raise ValueError(f"`depths` must be at least 1 each, got {arg.shown(value)}.")
    return counts


def dropout(value: Any) -> float:
    """`value` as a share that can be left out."""
    share = arg.real("dropout", value)
    if not 0 <= share < 1:
        raise ValueError(f"`dropout` must be in [0, 1), got {arg.shown(value)}.")
    return share


def computing(value: Any) -> jnp.dtype | None:
    """`value` as a dtype to compute in, if results of it can be float32; None is the arrays' own."""
    if value is None:
        return None
    dtype = floating("dtype", value)
    try:
        jnp.promote_types(dtype, jnp.float32)
    except ValueError:  # floats of 8 bits
        raise TypeError(f"`dtype` must be one that JAX promotes with float32, got {dtype}.") from None
    return dtype
