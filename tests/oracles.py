"""Independent oracles: plain NumPy loops, random layers, and the rounding bound."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from hypothesis import assume, settings
from hypothesis import strategies as st

from jtconv import ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES


def accepted(options: dict[str, str | bool]) -> dict[str, str | bool]:
    """Keep the options that this version of XLA knows."""
    program = jax.jit(lambda x: x + 1).lower(1.0)

    def known(name: str) -> bool:
        try:
            program.compile(compiler_options={name: options[name]})
        except jax.errors.JaxRuntimeError:
            return False
        return True

    return {name: value for name, value in options.items() if known(name)}


# Random layers are compiled once and run once, so the compiler's optimisations are left out: that
# takes a quarter of the time. `jtconv verify`, and the other tests, run what users run.
QUICK = accepted(
    {
        "xla_backend_optimization_level": "0",
        "xla_llvm_disable_expensive_passes": True,
        "xla_cpu_use_fusion_emitters": False,
    }
)


def run_once(f: Callable[..., Any], *args: Any) -> Any:
    """`f(*args)`, compiled quickly rather than well."""
    return jax.jit(f).lower(*args).compile(compiler_options=QUICK)(*args)


def share(fraction: float) -> int:
    """Return how many random examples a costly test draws: a share of a cheap one's, but at least one."""
    return max(1, round(settings().max_examples * fraction))


class Case(NamedTuple):
    """A layer with all its arrays; sizes differ from axis to axis wherever they may."""

    x: np.ndarray
    kernel: np.ndarray
    y: np.ndarray
    geometry: dict[str, Any]

    @property
    def input_size(self) -> tuple[int, ...]:
        return self.x.shape[self.x.ndim - self.kernel.ndim + 1 : -1]


def padded_sources(size: int, pads: tuple[int, int], mode: str) -> np.ndarray:
    """Input position that each position of the padded input copies; -1 for zero. By np.pad."""
    grow = tuple(max(p, 0) for p in pads)
    if mode == "zeros":
        line = np.pad(np.arange(size), grow, constant_values=-1)
    else:
        line = np.pad(np.arange(size), grow, mode=PADDING_MODES[mode].numpy_name)  # pyright: ignore[reportCallIssue, reportArgumentType] (a str in general)
    return line[max(-pads[0], 0) : len(line) - max(-pads[1], 0)]


def loop_conv_transpose(y: np.ndarray, kernel: np.ndarray, input_size: tuple[int, ...], **arguments: Any) -> np.ndarray:
    """Place the kernel, scaled by each value of y, and add: a loop over positions and taps.

    y (*batch, *out, out_ch); accumulates in y's dtype.
    """
    geometry = ConvGeometry(kernel.shape[:-2], **arguments)
    ndim, groups = geometry.ndim, geometry.groups
    pads = geometry.pads(input_size)
    lines = [padded_sources(i, p, geometry.padding_mode) for i, p in zip(input_size, pads, strict=True)]
    in_per, out_per = kernel.shape[-2], kernel.shape[-1] // groups
    batch = y.shape[: y.ndim - 1 - ndim]
    x = np.zeros((*batch, *input_size, in_per * groups), np.result_type(y, kernel))
    outputs = itertools.product(*map(range, y.shape[len(batch) : -1]))
    taps = list(itertools.product(*map(range, kernel.shape[:-2])))
    for o, t in itertools.product(outputs, taps):
        at = [s * oo + d * tt for s, oo, d, tt in zip(geometry.strides, o, geometry.dilation, t, strict=True)]
        source = tuple(int(line[p]) for line, p in zip(lines, at, strict=True))
        if min(source, default=0) < 0:
            continue
        for g in range(groups):
            ins, outs = slice(g * in_per, (g + 1) * in_per), slice(g * out_per, (g + 1) * out_per)
            x[(..., *source, ins)] += y[(..., *o, outs)] @ kernel[(*t, slice(None), outs)].T
    return x


def magnitude_of_terms(case: Case) -> np.ndarray:
    """Cᵀ y with every product made positive: the scale of the rounding errors, per entry."""
    absolute = np.abs(case.y).astype(np.float64), np.abs(case.kernel).astype(np.float64)
    return loop_conv_transpose(*absolute, case.input_size, **case.geometry)


def terms(kernel: Any, groups: int) -> int:
    """The most products that one entry of Cᵀ y, or of C x, adds up."""
    taps, in_per, out = int(np.prod(kernel.shape[:-2])), kernel.shape[-2], kernel.shape[-1]
    return taps * max(in_per, out // groups)


def assert_within_rounding(got: Any, expected: Any, magnitude: Any, n_terms: int, eps: float | None = None) -> None:
    """Both are sums of the same `n_terms` products, of total size `magnitude`, in any two orders."""
    got = np.asarray(got)
    eps = float(np.finfo(got.dtype).eps) if eps is None else eps
    wide = np.complex128 if np.iscomplexobj(got) else np.float64
    bound = 2 * (4 * n_terms if np.iscomplexobj(got) else n_terms + 1) * eps * np.asarray(magnitude)
    error = np.abs(got.astype(wide) - np.asarray(expected, wide))
    assert error.shape == bound.shape
    assert (error <= bound).all(), f"largest error {error.max():.3g}, {np.max(error - bound):.3g} beyond its bound"


def make_case(
    input_size: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    *,
    batch: tuple[int, ...] = (2,),
    seed: int = 0,
    dtype: Any = np.float64,
    **geometry: Any,
) -> Case:
    """Random arrays for a layer; normal, so nothing is symmetric."""
    spec = ConvGeometry(kernel_shape[:-2], **geometry).at(input_size)
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        values = rng.standard_normal(shape)
        if np.issubdtype(dtype, np.complexfloating):
            values = values + 1j * rng.standard_normal(shape)
        return values.astype(dtype)

    in_ch = kernel_shape[-2] * spec.groups
    return Case(
        normal(*batch, *input_size, in_ch),
        normal(*kernel_shape),
        normal(*batch, *spec.output_size, kernel_shape[-1]),
        geometry,
    )


@st.composite
def geometries(draw: st.DrawFn, ndim: int) -> tuple[tuple[int, ...], dict[str, Any]]:
    """(input_size, arguments of ConvGeometry with kernel_size), valid, on every axis of freedom."""

    def per_axis(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    largest = {1: 9, 2: 5, 3: 3}[ndim]
    kernel_size, strides = per_axis(1, min(largest, 5)), per_axis(1, 4)
    dilation = per_axis(1, 3)
    named = st.sampled_from(["VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL"])
    pairs = st.tuples(*[st.tuples(st.integers(-2, 4), st.integers(-2, 4))] * ndim)
    padding = draw(st.one_of(named, st.integers(0, 3), st.just(per_axis(0, 3)), pairs))
    mode = draw(st.sampled_from(["zeros", *PADDING_MODES]))
    arguments = {
        "kernel_size": kernel_size,
        "strides": draw(st.sampled_from([strides, strides[0]])),
        "padding": padding,
        "dilation": draw(st.sampled_from([dilation, dilation[0], 1])),
        "groups": draw(st.integers(1, 3)),
        "padding_mode": mode,
    }
    geometry = ConvGeometry(**arguments)
    # Sizes from the output side, so that every output_padding is met, and few draws are in vain.
    wanted = per_axis(1, {1: 5, 2: 3, 3: 2}[ndim])
    try:
        ranges = geometry.input_size_range(wanted)
        input_size = tuple(draw(st.integers(low, high)) for low, high in ranges)
        geometry.at(input_size)
    except ValueError:
        assume(False)
    return input_size, arguments


@st.composite
def cases(draw: st.DrawFn, ndim: int) -> Case:
    """A random layer with random float64 arrays."""
    input_size, arguments = draw(geometries(ndim))
    kernel_size = arguments.pop("kernel_size")
    in_per, out_per = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch = draw(st.sampled_from([(), (2,), (1, 3)]))
    shape = (*kernel_size, in_per, out_per * arguments["groups"])
    return make_case(input_size, shape, batch=batch, seed=draw(st.integers(0, 999)), **arguments)
