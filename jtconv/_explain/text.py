"""Text that `explain` prints: formulas with numbers in place of the symbols."""

from collections.abc import Sequence

from jtconv._explain.facts import LayerFacts
from jtconv._explain.overlap_text import contributions
from jtconv._frameworks.torch import NORMALISATIONS
from jtconv._geometry.geometry import COUNTED_DOWN, ConvGeometry
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import axis_lines, by, by_pairs, signed


def explained(layer: LayerFacts) -> str:
    """The whole text."""
    geometry = layer.geometry
    transposed = geometry.at(layer.transposed_size)
    parts = [
        _layer_text(layer),
        "" if layer.call else _forward_text(geometry, layer.input_size),
        _transposed_text(layer, transposed),
        contributions(layer),
        _costs_text(layer),
        _equivalents_text(layer),
    ]
    return "\n\n".join(filter(None, parts))


def _layer_text(layer: LayerFacts) -> str:
    geometry = layer.geometry
    padding = geometry.padding if isinstance(geometry.padding, str) else by_pairs(geometry.padding)
    line = (
        f"kernel {by(geometry.kernel_size)}   strides {by(geometry.strides)}   padding {padding} "
        f"({geometry.padding_mode})   dilation {by(geometry.dilation)}   groups {geometry.groups}"
    )
    return f"{layer.call}\n{line}{_normalised(layer.call)}" if layer.call else line


def _normalised(call: str) -> str:
    """Say how the factors that torch keeps in place of the kernel are read."""
    names = [name for name in NORMALISATIONS if f"{name}(" in call]
    if not names:
        return ""
    return f"\n{' and '.join(names)}: jtconv.weights.layer_from folds the factors of its state dict into the kernel."


def _forward_text(geometry: ConvGeometry, input_size: tuple[int, ...]) -> str:
    try:
        spec = geometry.at(input_size)
    except ValueError as reason:
        return f"C cannot take {by(input_size)}: {reason}"

    def line(axis: int) -> str:
        k, s, d = spec.kernel_size[axis], spec.strides[axis], spec.dilation[axis]
        i, (lo, hi) = spec.input_size[axis], spec.pads[axis]
        reach = i + lo + hi - d * (k - 1) - 1
        o = spec.output_size[axis]
        return (
            f"⌊({_sum(i, lo, hi)} - {d}·({k} - 1) - 1) / {s}⌋ + 1 = ⌊{reach} / {s}⌋ + 1 = {o}   {_unread(spec, axis)}"
        )

    return "\n".join(
        [
            f"The convolution C takes {by(spec.input_size)} to {by(spec.output_size)}:",
            "    ⌊(i + lo + hi - d(k - 1) - 1) / s⌋ + 1",
            *axis_lines(spec.ndim, line),
            f"    Cᵀ leads back with output_padding {geometry.output_padding_for(spec.input_size)}.",
        ]
    )


def _transposed_text(layer: LayerFacts, spec: ConvSpec) -> str:
    geometry, paddings = layer.geometry, layer.output_padding

    def line(axis: int) -> str:
        k, s, d = spec.kernel_size[axis], spec.strides[axis], spec.dilation[axis]
        o, (lo, hi) = spec.output_size[axis], spec.pads[axis]
        i, a = spec.input_size[axis], signed(paddings[axis])
        if counted_down:
            return f"{s}·{o} + {a} = {i}"
        return f"{s}·({o} - 1) + {d}·({k} - 1) + 1 - {signed(lo)} - {signed(hi)} + {a} = {i}"

    counted_down = geometry.padding in COUNTED_DOWN
    formula = "s·o + a" if counted_down else "s(o - 1) + d(k - 1) + 1 - lo - hi + a"
    return "\n".join(
        [
            f"The transposed convolution Cᵀ takes {by(spec.output_size)} to {by(spec.input_size)}:",
            f"    {formula}",
            *axis_lines(spec.ndim, line),
            f"    {_sizes_taken(geometry, spec.output_size)}",
            *_causality(geometry),
        ]
    )


def _causality(geometry: ConvGeometry) -> list[str]:
    """Which end of time the transposed convolution looks to, where the padding's name may mislead."""
    if geometry.padding == "ANTICAUSAL":
        return ["    It is causal: position n of the input reaches the result from position s·n on."]
    if geometry.padding != "CAUSAL":
        return []
    reach = zip(geometry.effective_kernel_size, geometry.strides, strict=True)
    pads = ", ".join(f"(0, {r - s})" for r, s in reach)
    return [
        '    "CAUSAL" makes C causal, so Cᵀ is not: position n of the input reaches the result from s·n - d(k - 1) on.',
        f'    A causal decoder has padding "ANTICAUSAL", here the same as ({pads},).',
    ]


def _costs_text(layer: LayerFacts) -> str:
    seen = (
        f"A position of the result adds up at most {by(layer.receptive_field)} positions of the input; a position of "
        f"the input reaches {by(layer.footprint)} of the result."
    )
    if layer.costs is None:
        return seen
    costs, taps = layer.costs, "·".join(map(str, layer.geometry.kernel_size))
    groups = f" / {layer.geometry.groups}" if layer.geometry.groups > 1 else ""
    bias = f" + {costs.bias:,} of the bias" if costs.bias else ""
    times = costs.with_zeros / max(costs.multiply_adds, 1)
    lines = [
        f"Parameters: {taps}·{layer.in_ch}·{layer.out_ch}{groups} = {costs.kernel:,}{bias}",
        f"Multiply-adds of Cᵀ, an example: {costs.multiply_adds:,}; with zeros put between the positions of the input "
        f"{costs.with_zeros:,} ({times:.1f} times)",
    ]
    return "\n".join([seen, *lines])


def _equivalents_text(layer: LayerFacts) -> str:
    lines = ["Cᵀ in each framework's words, and the shape of its kernel there:"]
    width = max(map(len, layer.equivalents)) + 1
    for name, words in layer.equivalents.items():
        if words.call is not None:
            shape = ", ".join(map(str, words.kernel_shape))
            turned = ", reversed on each spatial axis" if words.kernel_reversed else ""
            lines += [f"  {name:<{width}} {words.call}", f"  {'':<{width}} kernel ({shape}){turned}"]
        else:
            lines.append(f"  {name:<{width}} none: {words.reason}")
    return "\n".join(lines)


def _sizes_taken(geometry: ConvGeometry, output_size: tuple[int, ...]) -> str:
    """A sentence with the input sizes that C maps to `output_size`."""
    pairs = geometry.input_size_range(output_size)
    if all(low == high for low, high in pairs):
        return f"C maps only {by([low for low, _ in pairs])} to {by(output_size)}."
    sizes = f"every size {_ranges(pairs)}"
    return f"C maps {sizes} to {by(output_size)}; output_padding or output_size selects one."


def _ranges(pairs: Sequence[tuple[int, int]]) -> str:
    texts = [f"{low}" if low == high else f"{low} to {high}" for low, high in pairs]
    return f"from {texts[0]}" if len(set(texts)) == 1 else " by ".join(f"({text})" for text in texts)


def _unread(spec: ConvSpec, axis: int) -> str:
    """The positions of the input that no tap reads, as text."""
    size = spec.input_size[axis]
    unread = sorted(set(range(size)) - set(spec.tap_source(axis).flat))
    if not unread:
        return "(every position is read)"
    if len(unread) == 1:
        return f"(position {unread[0]} of 0 to {size - 1} is not read)"
    shown = ", ".join(map(str, unread[:8])) + (", …" if len(unread) > 8 else "")
    return f"(positions {shown} of 0 to {size - 1} are not read)"


def _sum(first: int, *others: int) -> str:
    return " + ".join([str(first), *map(signed, others)])
