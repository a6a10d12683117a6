"""`equinox.nn.ConvTranspose`, as of equinox 0.13: every argument describes the convolution."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jtconv._frameworks.framework import Framework, Signature, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, Name, NoEquivalent, alike_or_pairs, call, given
from jtconv._frameworks.reading import layer_spec
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout(leading=2, reversed=True, swapped=True)  # (x_ch, y_ch // groups, *k)
_NAMES = ("SAME", "SAME_LOWER", "VALID")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] | Sequence[Pads] = 0,
    output_padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "ZEROS",
) -> ConvSpec:
    """Return the convolution whose transpose equinox's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = arg.per_axis("stride", stride, ndim, minimum=1)
    dilation = arg.per_axis("dilation", dilation, ndim, minimum=1)
    extra = _output_padding(output_padding, strides)
    rule = _rule(padding, ndim)
    mode = _mode(padding_mode, rule, extra)
    sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    axes = [_axis(rule, *values) for values in enumerate(zip(sizes, strides, extra, strict=True))]
    pads, more = [pair for pair, _ in axes], [a for _, a in axes]
    _check_room(y_size, sizes, strides, pads, more)
    return layer_spec(
        y_size,
        kernel_size,
        strides=strides,
        pads=pads,
        dilation=dilation,
        output_padding=more,
        groups=groups,
        padding_mode=mode,
    )


def _axis(rule: str | tuple[Pads, ...], axis: int, values: tuple[int, int, int]) -> tuple[Pads, int]:
    """Return padding and output_padding >= 0 on one axis, of effective kernel size, stride and output_padding."""
    k, s, a = values
    if rule in ("SAME", "SAME_LOWER"):  # s·o - a positions
        total = k - s + a
        lo = (max(total, 0) + (rule == "SAME_LOWER")) // 2
        return (lo, max(total, 0) - lo), max(-total, 0)
    lo, hi = (0, 0) if isinstance(rule, str) else rule[axis]
    return (lo, hi - min(a, 0)), max(a, 0)


def _output_padding(value: Any, strides: Sequence[int]) -> tuple[int, ...]:
    entries = arg.per_axis("output_padding", value, len(strides))
    if any(a >= s for a, s in zip(entries, strides, strict=True)):
        raise ValueError(
            f"`output_padding` must be smaller than `stride` {tuple(strides)} on each axis, got {arg.shown(value)}."
        )
    return entries


def _rule(padding: Any, ndim: int) -> str | tuple[Pads, ...]:
    if isinstance(padding, str):
        return arg.one_of("padding", padding.upper(), _NAMES)
    pads = arg.padding_rule(padding, ndim)
    assert not isinstance(pads, str)
    return pads


def _mode(padding_mode: Any, rule: str | tuple[Pads, ...], extra: Sequence[int]) -> str:
    upper = padding_mode.upper() if isinstance(padding_mode, str) else padding_mode
    mode = arg.one_of("padding_mode", upper, ("ZEROS", "CIRCULAR"))
    if mode == "CIRCULAR" and (rule not in ("SAME", "SAME_LOWER") or any(extra)):
        raise ValueError(
            f"`padding_mode`='CIRCULAR' must have `padding` 'SAME' or 'SAME_LOWER' and `output_padding` 0, got "
            f"{rule!r} and {tuple(extra)}. jtconv.conv_transpose(padding_mode='circular') takes every padding."
        )
    return mode.lower()


def _check_room(
    y_size: Sequence[int], sizes: Sequence[int], strides: Sequence[int], pads: Sequence[Pads], more: Sequence[int]
) -> None:
    for axis, (o, k, s, (lo, hi), a) in enumerate(zip(y_size, sizes, strides, pads, more, strict=True)):
        if s * (o - 1) + k - lo - hi + a < 1:
            raise ValueError(
                f"`padding` leaves no output on spatial axis {axis}: stride·(size - 1) + dilation·(k - 1) + 1 - lo "
                f"- hi + output_padding = {s}·{o - 1} + {k} - {lo} - {hi} + {a} must be at least 1. Pad less."
            )


def write(layer: Layer) -> str:
    """Return the layer; keywords throughout, as `ConvTranspose` and `ConvTranspose2d` order them differently."""
    spec = layer.spec
    options = given(
        stride=(one_or_each(spec.strides), 1),
        **_padding_of(layer),
        dilation=(one_or_each(spec.dilation), 1),
        groups=(spec.groups, 1),
        use_bias=(layer.use_bias, True),
    )
    numbered = layer.ndim in (1, 2, 3)
    return call(
        f"eqx.nn.ConvTranspose{layer.ndim}d" if numbered else "eqx.nn.ConvTranspose",
        *(() if numbered else (layer.ndim,)),
        layer.in_ch,
        layer.out_ch,
        one_or_each(spec.kernel_size),
        **options,
        key=Name("key"),
    )


def _padding_of(layer: Layer) -> dict[str, tuple[Any, Any]]:
    if layer.spec.padding_mode == "zeros":
        pads, output_padding = layer.pads_and_output_padding()
        return {"padding": (alike_or_pairs(pads), 0), "output_padding": (one_or_each(output_padding), 0)}
    spec = layer.spec
    options = {"stride": spec.strides, "dilation": spec.dilation, "groups": spec.groups, "padding_mode": "CIRCULAR"}
    for padding in ("SAME", "SAME_LOWER"):
        if layer.is_read_by(read, padding=padding, **options):
            return {"padding": (padding, 0), "padding_mode": ("CIRCULAR", "ZEROS")}
    raise NoEquivalent(
        f"equinox has no transpose of this {layer.spec.padding_mode} padding: of circular padding, that of SAME and "
        f"SAME_LOWER only, to s·o positions"
    )


_LAYER = Signature(
    "eqx.nn.ConvTranspose",
    "num_spatial_dims in_channels out_channels kernel_size stride padding output_padding dilation groups use_bias "
    "padding_mode dtype * key",
    read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    out_ch="out_channels",
    axes="num_spatial_dims",
    bias="use_bias",
    required=("num_spatial_dims", "kernel_size"),
)
# The numbered classes take output_padding before padding.
_NUMBERED = replace(
    _LAYER,
    parameters="in_channels out_channels kernel_size stride output_padding padding dilation groups use_bias "
    "padding_mode dtype * key",
    axes=None,
    required=("kernel_size",),
)
FRAMEWORK = Framework(
    name="equinox",
    title="Equinox",
    before="import equinox as eqx\nimport jax\n\nkey = jax.random.key(0)\nlayer = ",
    write=write,
    layout=LAYOUT,
    parameters=(
        Parameters(
            "equinox", "weight", "bias", conv=KernelLayout(leading=2), conv_transpose=LAYOUT, bias_has_axes=True
        ),
    ),
    modules=("eqx",),
    signatures=(*numbered(_NUMBERED, "eqx.nn.ConvTranspose{n}d"), _LAYER),
)
