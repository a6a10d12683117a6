"""One layer's kernel and bias, in other frameworks' names and layouts and in ours."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.registry import FRAMEWORKS
from jtconv._geometry import arguments as arg
from jtconv.weights._entries import checked_mapping, numbers
from jtconv.weights._normalised import folded

Array = np.ndarray | jax.Array


KINDS = ("conv_transpose", "conv")


def layer_from(
    entries: Mapping[str, Any], framework: str, *, kind: str = "conv_transpose", groups: int = 1, prefix: str = ""
) -> dict[str, Array]:
    """Convert a framework's entries of one layer to {"kernel", "bias"}, in this library's layout.

    The kernel is (*kernel_size, out_ch // groups, in_ch) for a transposed convolution from in_ch to
    out_ch channels, and (*kernel_size, in_ch // groups, out_ch) for a convolution. `jtconv.nn` and
    `jtconv.linen` store the same. A layer without bias has no "bias".

    Args:
      entries: arrays by name. torch: `module.state_dict()`, weight and bias; the factors of weight_norm and
        spectral_norm (with its default `dim`), of either form, are folded as in evaluation. "keras": kernel and
        bias of a layer. "flax": params of Linen, or `nnx.state(layer)`. "equinox": weight and bias
        of a module. "onnx": the operator's inputs W and B. "haiku": w and b. "mlx", "paddle": weight and
        bias of a layer.
      framework: one of "torch", "keras", "flax", "flax, transpose_kernel" (for layers made with
        `transpose_kernel=True`), "equinox", "onnx", "haiku", "mlx", "paddle".
      kind: "conv_transpose" or "conv", the layer's.
      groups: the layer's.
      prefix: only entries whose names start with it are the layer's: "up1." in a state dict.

    Raises ValueError for missing, unexpected and misshapen entries, all in one, and for one that holds
    no numbers; TypeError for `entries` that are no mapping of strings.

    >>> weight = np.zeros((3, 2, 4, 5))  # torch.nn.ConvTranspose2d(3, 2, (4, 5))
    >>> layer_from({"up1.weight": weight}, "torch", prefix="up1.")["kernel"].shape
    (4, 5, 2, 3)
    """
    names, layout, groups = _names_and_layout(framework, kind, groups)
    prefix = arg.text("prefix", prefix)
    entries = checked_mapping("entries", entries)
    layer = {name.removeprefix(prefix): x for name, x in entries.items() if name.startswith(prefix)}
    if framework == "torch":
        layer = folded("entries", layer, transposed=kind == "conv_transpose")
    stored, bias = _kernel_and_bias("entries", layer, framework, names.kernel, names.bias)
    if stored.ndim < 2:
        raise ValueError(f"`entries`: misshapen: {names.kernel!r} is {stored.shape}, a kernel has two axes or more.")
    grouped = stored.shape[0] if layout.leading else stored.shape[-1]
    arg.check_groups(groups, grouped, f"the channels of {names.kernel!r} {stored.shape}")
    kernel = layout.to_ours(stored, groups)
    ch = _out_channels(kernel.shape, kind, groups, names.kernel)
    if bias is None:
        return {"kernel": kernel}
    if bias.shape[:1] != (ch,) or bias.size != ch:
        hint = "" if groups > 1 else "; give `groups` if the layer has them"
        raise ValueError(f"`entries`: misshapen: {names.bias!r} is {bias.shape}, expected ({ch},){hint}.")
    return {"kernel": kernel, "bias": bias.reshape(-1)}


def layer_to(
    parameters: Mapping[str, Any], framework: str, *, kind: str = "conv_transpose", groups: int = 1, prefix: str = ""
) -> dict[str, Array]:
    """Undo `layer_from`: this library's {"kernel", "bias"} as a framework's entries.

    >>> layer_to({"kernel": np.zeros((4, 5, 2, 3)), "bias": np.zeros(2)}, "equinox")["bias"].shape
    (2, 1, 1)
    """
    names, layout, groups = _names_and_layout(framework, kind, groups)
    prefix = arg.text("prefix", prefix)
    own = checked_mapping("parameters", parameters)
    kernel, bias = _kernel_and_bias("parameters", own, framework, "kernel", "bias")
    ch = _out_channels(kernel.shape, kind, groups, "kernel")
    entries = {prefix + names.kernel: layout.from_ours(kernel, groups)}
    if bias is not None:
        if bias.shape != (ch,):
            raise ValueError(f"`parameters`: 'bias' is {bias.shape}, expected ({ch},).")
        entries[prefix + names.bias] = bias.reshape(ch, *((1,) * (kernel.ndim - 2) if names.bias_has_axes else ()))
    return entries


def _names_and_layout(framework: str, kind: str, groups: int) -> tuple[Parameters, KernelLayout, int]:
    known = {parameters.framework: parameters for each in FRAMEWORKS.values() for parameters in each.parameters}
    names = known[arg.one_of("framework", framework, tuple(known))]
    layout = getattr(names, arg.one_of("kind", kind, KINDS))
    return names, layout, arg.at_least("groups", arg.integer("groups", groups), 1)


def _kernel_and_bias(
    argument: str, parameters: Mapping[str, Any], framework: str, kernel: str, bias: str
) -> tuple[Array, Array | None]:
    """Both as arrays, JAX's as they are. A parameter that is None does not exist."""
    own = {name: numbers(argument, name, x) for name, x in parameters.items() if x is not None}
    problems = [] if kernel in own else [f"missing: {kernel!r}"]
    problems += [f"unexpected: {name!r} {x.shape}" for name, x in own.items() if name not in (kernel, bias)]
    if problems:
        expected = f"A layer of {framework!r} has {kernel!r} and, perhaps, {bias!r}"
        raise ValueError(f"`{argument}`: {'; '.join(problems)}. {expected}.")
    return own[kernel], own.get(bias)


def _out_channels(shape: tuple[int, ...], kind: str, groups: int, name: str) -> int:
    """Channels that come out of a layer with our kernel of this shape."""
    if len(shape) < 2:
        raise ValueError(f"{name!r} is {shape}: a kernel has axes (*k, x_ch // groups, y_ch).")
    arg.check_groups(groups, shape[-1], f"the channels of {name!r} {shape}")
    return shape[-1] if kind == "conv" else shape[-2] * groups
