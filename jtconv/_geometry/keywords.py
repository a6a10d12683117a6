"""Keyword arguments that are not there: other libraries' words for ours, and spellings that come near."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Our word for each of other libraries'.
OURS = {
    word: ours
    for ours, words in {
        "strides": ("stride", "window_strides"),
        "dilation": ("dilations", "dilation_rate", "kernel_dilation", "rhs_dilation", "rate"),
        "groups": ("group", "num_groups", "feature_group_count"),
        "padding": ("pad", "pads"),
        "padding_mode": ("mode", "pad_mode"),
        "output_size": ("output_shape", "out_size"),
        "kernel_size": ("kernel_shape", "window_shape"),
        "in_ch": ("in_channels", "in_features", "input_channels"),
        "out_ch": ("out_channels", "out_features", "output_channels", "features", "filters"),
        "use_bias": ("bias", "with_bias"),
        "kernel_init": ("kernel_initializer", "w_init"),
        "bias_init": ("bias_initializer", "b_init"),
        "rngs": ("rng", "key"),
        "kernel": ("weight", "weights", "filter", "w", "rhs"),
        "preferred_element_type": ("dtype",),
        "method": ("algorithm",),
    }.items()
    for word in words
}


def naming_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose TypeError for a keyword that it lacks says which one is meant."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            known = inspect.signature(function).parameters
            unknown = [name for name in kwargs if name not in known]
            # An error from within has a frame below this one; then the keywords were as they should be.
            if not unknown or error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise TypeError(f"{error}.{_remedy(unknown[0], list(known))}") from None

    return called


def _remedy(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = [OURS[name]] if OURS.get(name) in known else get_close_matches(name, known, n=1)
    listed = ", ".join(each for each in known if each != "self")
    return f" Did you mean `{near[0]}`?" if near else f" There are {listed}."
