"""Images cut over 8 devices against the same images in one piece: python -m tests.checks.spatial_devices --help.

A program of its own: the number of devices is fixed when JAX starts. `tests/test_spatial.py` runs it.
"""

import argparse
from collections import Counter
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

import jtconv
from benchmarks.collectives import collective_bytes
from jtconv import spatial
from jtconv._geometry.padding_modes import PADDING_MODES

DEVICES = 8
# Programs are compiled once and run once.
QUICK = {"xla_backend_optimization_level": "0", "xla_llvm_disable_expensive_passes": True}


class Layer(NamedTuple):
    """A random layer: sizes differ from axis to axis where they may."""

    input_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    geometry: dict[str, Any]
    method: str
    mesh: Mesh
    split: tuple[str | None, ...]
    batch: str | None
    images: int

    @property
    def devices(self) -> tuple[int, ...]:
        return tuple(1 if name is None else self.mesh.shape[name] for name in self.split)

    def words(self) -> str:
        return (
            f"input {self.input_size}, kernel {self.kernel_shape}, {self.geometry}, {self.method}, devices "
            f"{self.devices}, batch {self.images} over {self.batch}"
        )


# (mesh, split, batch) by the number of spatial axes.
LAYOUTS = {
    1: [((8,), "a", None), ((2, 4), "b", "a")],
    2: [((2, 4), "ab", None), ((4, 2), "ab", None), ((8,), "a.", None), ((8,), ".a", None), ((2, 2, 2), "bc", "a")],
    3: [((2, 2, 2), "abc", None), ((2, 4), "a.b", None), ((4, 2), ".ba", None)],
}
NAMED_PADDINGS = ("VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL")
LARGEST = {1: 40, 2: 17, 3: 9}


def draw(rng: np.random.Generator) -> Layer:
    """A layer that a convolution has; draws that have none are thrown away."""
    while True:
        layer = _draw(rng, int(rng.choice([1, 2, 2, 3])))
        try:
            geometry = jtconv.ConvGeometry(layer.kernel_shape[:-2], **layer.geometry)
            geometry.at(layer.input_size)
            spatial.halo(
                layer.input_size,
                layer.kernel_shape[:-2],
                devices=layer.devices,
                **{name: value for name, value in layer.geometry.items() if name != "groups"},
            )
        except ValueError:
            continue
        return layer


def _draw(rng: np.random.Generator, ndim: int) -> Layer:
    def ints(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(n) for n in rng.integers(low, high + 1, ndim))

    shape, split, batch = LAYOUTS[ndim][rng.integers(len(LAYOUTS[ndim]))]
    kind = AxisType.Explicit if rng.random() < 0.2 else AxisType.Auto
    mesh = jax.make_mesh(shape, tuple("abc"[: len(shape)]), axis_types=(kind,) * len(shape))
    names = tuple(None if name == "." else name for name in split)
    size = ints(2, LARGEST[ndim])
    mode = str(rng.choice([*PADDING_MODES]))
    if mode == "circular" or rng.random() < 0.4:  # blocks of one size
        counts = [1 if name is None else mesh.shape[name] for name in names]
        size = tuple(-(-n // count) * count for n, count in zip(size, counts, strict=True))
    pads = [*NAMED_PADDINGS, int(rng.integers(0, 4)), tuple(zip(ints(-2, 5), ints(-2, 5), strict=True))]
    groups = int(rng.integers(1, 3))
    channels = int(rng.integers(1, 4)), groups * int(rng.integers(1, 3))
    geometry = {
        "strides": ints(1, 4),
        "padding": pads[rng.integers(len(pads))],
        "dilation": ints(1, 3),
        "groups": groups,
        "padding_mode": mode,
    }
    method = str(rng.choice(jtconv.METHODS))
    return Layer(size, (*ints(1, 5), *channels), geometry, method, mesh, names, batch, int(rng.integers(1, 5)))


def results(layer: Layer, cut: bool, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """C x and Cᵀ y, each with both gradients."""
    where = {"mesh": layer.mesh, "split": layer.split, "batch": layer.batch} if cut else {}
    package = spatial if cut else jtconv

    def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return package.conv(x, kernel, **layer.geometry, **where)

    def transposed(y: jax.Array, kernel: jax.Array) -> jax.Array:
        method = layer.method if cut else "auto"
        size = layer.input_size
        return package.conv_transpose(y, kernel, output_size=size, method=method, **layer.geometry, **where)

    def program(x: jax.Array, kernel: jax.Array, y: jax.Array) -> list[jax.Array]:
        cx, pull = jax.vjp(forward, x, kernel)
        cty, pull_transposed = jax.vjp(transposed, y, kernel)
        return [cx, *pull(y), cty, *pull_transposed(x)]

    compiled = jax.jit(program).lower(*arrays).compile(compiler_options=QUICK)
    return [np.asarray(result) for result in compiled(*arrays)]


def check(layer: Layer, rng: np.random.Generator) -> None:
    """Small whole numbers, so that every sum is exact and the results are the same to the bit."""
    groups = layer.geometry["groups"]
    geometry = jtconv.ConvGeometry(layer.kernel_shape[:-2], **layer.geometry)
    x = (layer.images, *layer.input_size, layer.kernel_shape[-2] * groups)
    y = (layer.images, *geometry.output_size(layer.input_size), layer.kernel_shape[-1])
    arrays = tuple(rng.integers(-3, 4, shape).astype(np.float32) for shape in (x, layer.kernel_shape, y))
    names = ("C x", "its gradient by x", "by the kernel", "Cᵀ y", "its gradient by y", "by the kernel")
    for name, whole, parts in zip(names, results(layer, False, arrays), results(layer, True, arrays), strict=True):
        np.testing.assert_array_equal(parts, whole, err_msg=f"{name}: {layer.words()}")


def random_layers(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen: Counter[str] = Counter()
    for _ in range(count):
        layer = draw(rng)
        check(layer, rng)
        plans = spatial.halo(
            layer.input_size,
            layer.kernel_shape[:-2],
            devices=layer.devices,
            **{name: value for name, value in layer.geometry.items() if name != "groups"},
        ).plans
        cut = [plan for plan in plans if plan is not None]
        seen[layer.geometry["padding_mode"]] += 1
        seen[layer.method] += 1
        seen["uneven"] += any(p.input_size % p.devices or p.output_size % p.devices for p in cut)
        seen["halo wider than a block"] += any(max(p.widths) > p.input_block for p in cut)
        seen["windows drift"] += any(p.drift for p in cut)
    print(f"{count} layers equal, seed {seed}: {dict(seen)}")


def collectives() -> None:
    """Read from the compiled programs what travels: halos, and one sum of the kernel's gradient."""
    mesh = jax.make_mesh((2, 4), ("a", "b"), axis_types=(AxisType.Auto,) * 2)
    sharding = NamedSharding(mesh, PartitionSpec(None, "a", "b", None))
    for mode, size, strides, kernel_size in [
        ("zeros", (24, 32), (2, 2), (4, 4)),
        ("zeros", (24, 32), (1, 1), (3, 5)),
        ("circular", (24, 32), (2, 1), (5, 3)),
        ("reflect", (24, 32), (1, 1), (5, 3)),
        ("replicate", (24, 32), (1, 2), (3, 4)),
        ("zeros", (4, 8), (1, 1), (9, 9)),  # halos wider than blocks
    ]:
        geometry = {"strides": strides, "padding": "SAME", "padding_mode": mode}
        where = {"mesh": mesh, "split": ("a", "b")}
        kernel = np.ones((*kernel_size, 3, 5), np.float32)
        x = jax.device_put(np.ones((2, *size, 3), np.float32), sharding)
        y = jax.device_put(np.asarray(jtconv.conv(np.asarray(x), kernel, **geometry)), sharding)
        expected = spatial.halo(size, kernel_size, devices=(2, 4), **geometry).bytes_sent(3, batch=2)

        def forward(x: jax.Array, w: jax.Array, more: Any = (geometry, where)) -> jax.Array:
            return spatial.conv(x, w, **more[0], **more[1])

        def transposed(y: jax.Array, w: jax.Array, more: Any = (geometry, where), size: Any = size) -> jax.Array:
            return spatial.conv_transpose(y, w, output_size=size, **more[0], **more[1])

        def by_kernel(x: jax.Array, w: jax.Array, y: jax.Array, forward: Any = forward) -> jax.Array:
            return jax.vjp(lambda w: forward(x, w), w)[1](y)[0]

        for name, f, arrays, sums in [
            ("conv", forward, (x, kernel), 0),
            ("conv_transpose", transposed, (y, kernel), 0),
            ("gradient by the kernel", by_kernel, (x, kernel, y), kernel.nbytes),
        ]:
            found = collective_bytes(str(jax.jit(f).lower(*arrays).compile().as_text()))
            assert found == {"collective-permute": expected} | ({"all-reduce": sums} if sums else {}), (
                name,
                mode,
                found,
                expected,
            )
    print("halos only")


def transforms() -> None:
    """`jit` or not, `jvp`, `vmap`, second derivatives, half precision, complex numbers, a grid not cut at all."""
    mesh = jax.make_mesh((4, 2), ("rows", "columns"), axis_types=(AxisType.Auto,) * 2)
    rng = np.random.default_rng(2)

    def whole_numbers(*shape: int) -> np.ndarray:
        return rng.integers(-3, 4, shape).astype(np.float32)

    geometry: dict[str, Any] = {"strides": (2, 1), "padding": 1, "padding_mode": "reflect"}
    x, kernel = whole_numbers(2, 8, 6, 3), whole_numbers(3, 3, 3, 2)
    dx, dkernel = whole_numbers(*x.shape), whole_numbers(*kernel.shape)

    def compare(f: Any) -> None:
        whole = f(lambda x, w: jtconv.conv(x, w, **geometry))
        where: dict[str, Any] = {"mesh": mesh, "split": ("rows", "columns")}
        parts = f(lambda x, w: spatial.conv(x, w, **geometry, **where))
        jax.tree.map(np.testing.assert_array_equal, parts, whole)

    compare(lambda conv: conv(x, kernel))
    compare(lambda conv: jax.jvp(conv, (x, kernel), (dx, dkernel)))
    compare(lambda conv: jax.jit(jax.vmap(conv, (0, None)))(np.stack([x, dx]), kernel))
    compare(lambda conv: jax.jit(jax.vmap(conv))(np.stack([x, dx]), np.stack([kernel, dkernel])))
    compare(
        lambda conv: jax.jit(jax.grad(lambda w: jnp.sum(jax.grad(lambda x: jnp.sum(conv(x, w) ** 2))(x) * dx)))(kernel)
    )
    y = jtconv.conv(x, kernel, **geometry)
    for dtype in (jnp.bfloat16, jnp.complex64):
        rows = {"mesh": mesh, "split": ("rows", None)}
        back = spatial.conv_transpose(y.astype(dtype), kernel.astype(dtype), output_size=(8, 6), **geometry, **rows)
        assert back.dtype == dtype
        assert back.sharding.is_equivalent_to(NamedSharding(mesh, PartitionSpec(None, "rows")), back.ndim)
    exact = jtconv.conv_transpose(y.astype(jnp.bfloat16), kernel, output_size=(8, 6), **geometry)
    wide = spatial.conv_transpose(
        y.astype(jnp.bfloat16),
        kernel.astype(jnp.bfloat16),
        preferred_element_type=jnp.float32,
        output_size=(8, 6),
        mesh=mesh,
        split=(None, "columns"),
        **geometry,
    )
    np.testing.assert_array_equal(wide, exact)
    np.testing.assert_array_equal(spatial.conv(x, kernel, mesh=mesh, split=(None, None), **geometry), y)
    explicit = jax.make_mesh((4, 2), ("rows", "columns"), axis_types=(AxisType.Explicit,) * 2)
    with jax.set_mesh(explicit):
        cut = jax.jit(lambda x: spatial.conv(x, kernel, mesh=explicit, split=("rows", "columns"), **geometry))
        np.testing.assert_array_equal(cut(x), y)
    tiles_on_devices(mesh, x, kernel, np.asarray(y), geometry)
    print("transformed")


def tiles_on_devices(mesh: Mesh, x: np.ndarray, kernel: np.ndarray, y: np.ndarray, geometry: dict[str, Any]) -> None:
    """Each device goes through its images in tiles; the kernel's gradient is a sum over devices."""
    x, y = (np.concatenate([a, a + 1]) for a in (x, y))

    def gradients(conv: Any, sums: Any = lambda s: s) -> Any:
        return jax.grad(lambda x, w, y: sums((conv(x, w, **geometry) * y).sum()), (0, 1))

    tiled = gradients(partial(spatial.tiled_conv, memory=20_000), lambda s: jax.lax.psum(s, "rows"))
    images, whole = PartitionSpec("rows"), PartitionSpec()
    f = jax.shard_map(tiled, mesh=mesh, in_specs=(images, whole, images), out_specs=(images, whole))
    jax.tree.map(np.testing.assert_array_equal, jax.jit(f)(x, kernel, y), gradients(jtconv.conv)(x, kernel, y))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("check", choices=["random", "collectives", "transforms"])
    parser.add_argument("--count", type=int, default=500, help="random layers; default: 500")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES)
    checks = {"random": lambda: random_layers(given.count, given.seed)}
    (checks | {"collectives": collectives, "transforms": transforms})[given.check]()


if __name__ == "__main__":
    main()
