"""JAX's own tools on ten random layers and all three maps, by jtconv and by lax: where do they tell the same?

    python -m benchmarks.tools --out benchmarks/results/tools/cpu.json

Each map is one operation in both: C, its transpose, and the kernel's gradient. The layers have one to three axes,
strides, dilation, uneven padding and groups.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import checkify, jet
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jtconv
from benchmarks.collectives import collective_bytes
from jtconv import ConvGeometry
from jtconv.bench._machine import describe
from jtconv.bench._markdown import table

LAYERS, DEVICES = 10, 2
MAPS = {"C": "jtconv_forward", "Ct": "jtconv_transposed", "K": "jtconv_kernel_gradient"}


class Layer:
    """A random layer, with arrays and with its three maps as one operation each, by jtconv and by lax."""

    def __init__(self, seed: int):
        rng = np.random.default_rng(seed)
        ndim, self.groups = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3]))
        self.kernel_size = tuple(int(k) for k in rng.integers(1, 5, ndim))
        self.strides = tuple(int(s) for s in rng.integers(1, 4, ndim))
        self.dilation = tuple(int(d) for d in rng.integers(1, 3, ndim))
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        pads = np.minimum(rng.integers(0, 3, (ndim, 2)), np.array(reach)[:, None] - 1)  # no window of padding alone
        self.pads = tuple((int(lo), int(hi)) for lo, hi in pads)
        self.arguments: dict[str, Any] = {"strides": self.strides, "padding": self.pads, "dilation": self.dilation}
        self.arguments["groups"] = self.groups
        size = tuple(r + int(n) for r, n in zip(reach, rng.integers(1, 6, ndim), strict=True))
        out = ConvGeometry(self.kernel_size, **self.arguments).at(size).output_size
        i, o = (int(n) for n in rng.choice([1, 2, 5], 2))
        self.x = rng.standard_normal((2, *size, self.groups * i)).astype(np.float32)
        self.w = rng.standard_normal((*self.kernel_size, i, self.groups * o)).astype(np.float32)
        self.y = rng.standard_normal((2, *out, self.groups * o)).astype(np.float32)

    def arrays(self, which: str) -> tuple[np.ndarray, np.ndarray]:
        return {"C": (self.x, self.w), "Ct": (self.y, self.w), "K": (self.x, self.y)}[which]

    def filled(self, which: str, first: float, second: float) -> tuple[np.ndarray, np.ndarray]:
        a, b = self.arrays(which)
        return np.full(a.shape, first, a.dtype), np.full(b.shape, second, b.dtype)

    def ours(self, which: str) -> Callable[..., Any]:
        if which == "Ct":
            return partial(jtconv.conv_transpose, output_size=self.x.shape[1:-1], **self.arguments)
        return self._of(which, partial(jtconv.conv, **self.arguments))

    def lax(self, which: str) -> Callable[..., Any]:
        spatial = range(len(self.kernel_size))
        image = (0, len(spatial) + 1, *(axis + 1 for axis in spatial))
        numbers = lax.ConvDimensionNumbers(image, (len(spatial) + 1, len(spatial), *spatial), image)
        options: Any = {"rhs_dilation": self.dilation, "feature_group_count": self.groups, "dimension_numbers": numbers}
        return self._of(which, lambda x, w: lax.conv_general_dilated(x, w, self.strides, self.pads, **options))

    def _of(self, which: str, conv: Callable[..., Any]) -> Callable[..., Any]:
        """One of the maps, given C."""
        return {
            "C": conv,
            "Ct": lambda y, w: jax.linear_transpose(lambda x: conv(x, w), self.x)(y)[0],
            "K": lambda x, y: jax.linear_transpose(lambda w: conv(x, w), self.w)(y)[0],
        }[which]

    def output_padding(self) -> tuple[int, ...]:
        """What leads from y's size to x's."""
        axes = zip(self.x.shape[1:-1], self.y.shape[1:-1], self.kernel_size, self.pads, strict=True)
        steps = zip(axes, self.strides, self.dilation, strict=True)
        return tuple(i - (s * (o - 1) + d * (k - 1) + 1 - lo - hi) for (i, o, k, (lo, hi)), s, d in steps)

    def bound(self, which: str, *sizes: np.ndarray) -> np.ndarray:
        """How far two ways of computing may differ, given the sizes of the numbers in sums of up to four products."""
        terms = 2 * 4 * self.w.size * self.y.size
        return terms * np.finfo(np.float32).eps * np.asarray(self.lax(which)(*sizes))


# --- the tools, each asked about one map of one layer


def debug(option: str, first: float, second: float, layer: Layer, which: str) -> bool:
    """A FloatingPointError names our operation."""
    with configured(option):
        try:
            layer.ours(which)(*layer.filled(which, first, second))
        except FloatingPointError as error:
            return MAPS[which] in str(error)
    return False


@contextmanager
def configured(option: str) -> Iterator[None]:
    """One of JAX's options, on within the block."""
    before = getattr(jax.config, option)
    jax.config.update(option, True)
    try:
        yield
    finally:
        jax.config.update(option, before)


def checks(layer: Layer, which: str) -> bool:
    """The error names our operation where there is a NaN, and only there."""
    checked = checkify.checkify(layer.ours(which), errors=checkify.float_checks)
    found = checked(*layer.filled(which, np.inf, 0.0))[0].get() or ""
    return MAPS[which] in found and checked(*layer.arrays(which))[0].get() is None


def taylor(layer: Layer, which: str) -> bool:
    """The coefficients up to the third."""
    rng, arrays = np.random.default_rng(3), layer.arrays(which)
    series = tuple([rng.standard_normal(a.shape).astype(np.float32) for _ in range(3)] for a in arrays)
    sizes = [np.asarray(abs(a) + sum(abs(t) for t in terms)) for a, terms in zip(arrays, series, strict=True)]
    got, right = (jet.jet(f(which), arrays, series) for f in (layer.ours, layer.lax))
    pairs = zip((got[0], *got[1]), (right[0], *right[1]), strict=True)
    return all(bool((abs(one - other) <= layer.bound(which, *sizes)).all()) for one, other in pairs)


def flops(compiled: bool, layer: Layer, which: str) -> bool:
    """The same count, up to four operations or a hundredth."""
    counts = []
    for f in (layer.ours(which), layer.lax(which)):
        program: Any = jax.jit(f).lower(*layer.arrays(which))
        counts.append((program.compile() if compiled else program).cost_analysis()["flops"])
    return bool(np.isclose(*counts, rtol=0.01, atol=4))


def saves(policy: Any, layer: Layer, which: str) -> bool:
    """The backward pass is given values of the same shapes."""

    def kept(f: Callable[..., Any]) -> list[Any]:
        run = jax.checkpoint(lambda a, b: jnp.sin(f(jnp.sin(a), b)).sum(), policy=policy)
        return sorted(leaf.shape for leaf in jax.tree.leaves(jax.vjp(run, *layer.arrays(which))[1]))

    return kept(layer.ours(which)) == kept(layer.lax(which))


def exports(layer: Layer, which: str) -> bool:
    """One program for three platforms, with an open batch, and open sizes but for K, whose two images' depend."""
    arrays = layer.arrays(which)
    more = {"output_padding": layer.output_padding()}
    f = partial(jtconv.conv_transpose, **layer.arguments, **more) if which == "Ct" else layer.ours(which)

    def shape(array: np.ndarray) -> str:
        sizes = [str(n) if which == "K" else f"t{axis}" for axis, n in enumerate(array.shape[1:-1])]
        return ", ".join(["b", *sizes, str(array.shape[-1])])

    texts = [shape(arrays[0]), shape(arrays[1]) if which == "K" else None]
    program = jax.export.export(jax.jit(f), platforms=["cpu", "cuda", "tpu"])
    exported = program(*jax.export.symbolic_args_specs(arrays, texts))
    terms = layer.w.size * layer.y.size
    allowed = 2 * terms * np.finfo(np.float32).eps * np.asarray(f(*(abs(a) for a in arrays)))
    return bool((abs(np.asarray(exported.call(*arrays)) - f(*arrays)) <= allowed).all())


def divides(layer: Layer, which: str) -> bool:
    """Where the batch is cut over two devices, no more bytes travel than of lax's operation, which gathers groups."""
    mesh = jax.make_mesh((DEVICES,), ("batch",), axis_types=(AxisType.Auto,))
    specs = [PartitionSpec("batch"), PartitionSpec("batch") if which == "K" else PartitionSpec()]
    placed = [jax.device_put(a, NamedSharding(mesh, spec)) for a, spec in zip(layer.arrays(which), specs, strict=True)]
    programs = [jax.jit(f(which)).lower(*placed).compile().as_text() for f in (layer.ours, layer.lax)]
    ours, by_lax = (sum(collective_bytes(str(text)).values()) for text in programs)
    return ours <= by_lax


def needs_no_primitive(layer: Layer, which: str) -> bool:
    """Within `lax_only` a program has lax's operations alone."""
    with jtconv.lax_only():
        return "jtconv" not in str(jax.make_jaxpr(layer.ours(which))(*layer.arrays(which)))


POLICIES = jax.checkpoint_policies
TOOLS: dict[str, tuple[str, Callable[[Layer, str], bool]]] = {
    "`jax_debug_nans`": ("names the operation", partial(debug, "jax_debug_nans", np.inf, 0.0)),
    "`jax_debug_infs`": ("names the operation", partial(debug, "jax_debug_infs", 2e38, 3e38)),
    "`checkify.float_checks`": ("names the operation", checks),
    "`jet.jet`": ("coefficients to the third", taylor),
    "`lower().cost_analysis()`": ("FLOPs", partial(flops, False)),
    "`compile().cost_analysis()`": ("FLOPs", partial(flops, True)),
    "`dots_saveable`": ("what is saved", partial(saves, POLICIES.dots_saveable)),
    "`dots_with_no_batch_dims_saveable`": ("what is saved", partial(saves, POLICIES.dots_with_no_batch_dims_saveable)),
    "`jax.export`": ("open batch and sizes, three platforms", exports),
    "sharding propagation": ("no more bytes travel, batch cut over 2 devices", divides),
    "`jtconv.lax_only`": ("lax's operations alone", needs_no_primitive),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--table", type=Path, help="print the table of such a file, and run nothing")
    args = parser.parse_args()
    if args.table:
        print(markdown(json.loads(args.table.read_text())))
        return
    jax.config.update("jax_num_cpu_devices", DEVICES)
    result = {**describe("float32"), "layers": LAYERS, "tools": measured()}
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(markdown(result))


def measured() -> dict[str, dict[str, int]]:
    """For each tool and map, on how many layers it does what it should."""
    layers = [Layer(seed) for seed in range(LAYERS)]
    found = {}
    for name, (_, works) in TOOLS.items():
        print(f"{name} ...", flush=True)
        found[name] = {which: sum(works(layer, which) for layer in layers) for which in MAPS}
    return found


def markdown(result: dict[str, Any]) -> str:
    count = result["layers"]
    rows = [
        [name, TOOLS[name][0], *(f"{n} of {count}" for n in found.values())] for name, found in result["tools"].items()
    ]
    text = table(["tool", "compared", "C", "Cᵀ", "kernel's gradient"], rows)
    return f"{text}\n\n{count} random layers, jax {result['jax']}, {result['date']}."


if __name__ == "__main__":
    main()
