"""Layers that XLA divides among 8 devices against whole ones: python -m tests.checks.divided_devices --help.

A program of its own: the number of devices is fixed when JAX starts. `tests/test_divided.py` runs it.
"""

import argparse
from collections import Counter
from math import prod
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
MESHES = ((8,), (2, 4), (4, 2), (2, 2, 2), (6,), (2, 3), (3, 2))
P = PartitionSpec


class Layer(NamedTuple):
    """A random layer, and where its arrays are."""

    shapes: dict[str, tuple[int, ...]]
    geometry: dict[str, Any]
    method: str
    placed: dict[str, NamedSharding]

    def words(self) -> str:
        specs = {role: sharding.spec for role, sharding in self.placed.items()}
        return f"{self.shapes}, {self.geometry}, {self.method}, {dict(self.placed['x'].mesh.shape)}, {specs}"


def draw(rng: np.random.Generator, kind: AxisType) -> Layer:
    """A layer that a convolution has; draws that have none are thrown away."""
    while True:
        ndim, groups = int(rng.integers(1, 4)), int(rng.choice([1, 1, 2, 4, 8]))
        batch, i, o = (int(rng.choice(sizes)) for sizes in ([1, 4, 6, 8], [1, 2, 3, 8], [1, 2, 6, 8]))
        out = tuple(int(n) for n in rng.choice([4, 6, 8, 12, 16] if ndim == 1 else [2, 3, 4, 8], ndim))
        k, strides, dilation = (tuple(int(n) for n in rng.integers(1, high, ndim)) for high in (4, 4, 3))
        pads = tuple((int(lo), int(hi)) for lo, hi in rng.integers(-1, 3, (ndim, 2)))
        geometry = {"strides": strides, "padding": pads, "dilation": dilation, "groups": groups}
        geometry["padding_mode"] = str(rng.choice(["zeros", *PADDING_MODES]))
        try:
            size = jtconv.ConvGeometry(k, **geometry).transpose_output_size(out)
            jtconv.ConvGeometry(k, **geometry).at(size)
        except ValueError:
            continue
        shapes = {
            "x": (batch, *size, groups * i),
            "w": (*k, i, groups * o),
            "y": (batch, *out, groups * o),
        }
        axes = MESHES[rng.integers(len(MESHES))]
        mesh = Mesh(np.array(jax.devices()[: prod(axes)]).reshape(axes), tuple("abc"[: len(axes)]), (kind,) * len(axes))
        placed = {role: NamedSharding(mesh, drawn_spec(rng, shape, mesh)) for role, shape in shapes.items()}
        return Layer(shapes, geometry, str(rng.choice(jtconv.METHODS)), placed)


def drawn_spec(rng: np.random.Generator, shape: tuple[int, ...], mesh: Mesh) -> PartitionSpec:
    cuts: list[tuple[str, ...]] = [() for _ in shape]
    for name in rng.permutation(mesh.axis_names):
        axis = int(rng.integers(len(shape)))
        parts = prod(mesh.shape[n] for n in (*cuts[axis], name))
        if rng.random() < 0.7 and shape[axis] % parts == 0:
            cuts[axis] = (*cuts[axis], str(name))
    return P(*(names or None for names in cuts))


def random_layers(count: int, seed: int, kind: AxisType) -> None:
    """Both maps and all their gradients, against the same on one device, within their rounding bound."""
    rng, seen = np.random.default_rng(seed), Counter()
    for _ in range(count):
        layer = draw(rng, kind)
        arrays = {role: rng.standard_normal(shape) for role, shape in layer.shapes.items()}
        run = jax.jit(maps(layer))
        right, size = run(**arrays), run(**{role: abs(a) for role, a in arrays.items()})
        got = run(**{role: jax.device_put(a, layer.placed[role]) for role, a in arrays.items()})
        terms = 4 * prod(layer.shapes["w"]) * prod(layer.shapes["y"][:-1])
        for name, one in got.items():
            error = abs(np.asarray(one) - right[name])
            assert (error <= terms * np.finfo(np.float64).eps * size[name]).all(), (name, layer.words())
        if kind == AxisType.Explicit:
            types = {"C by x": "x", "C by w": "w", "Ct by y": "y", "Ct by w": "w"}
            for name, role in types.items():
                assert got[name].sharding.spec == layer.placed[role].spec, (name, layer.words())
        seen[layer.geometry["padding_mode"]] += 1
        seen["groups"] += layer.geometry["groups"] > 1
    print(f"{count} layers equal, seed {seed}: {dict(seen)}")


def maps(layer: Layer) -> Any:
    """C, Cᵀ and their gradients by each operand, as functions of x, w and y."""
    size = layer.shapes["x"][1:-1]

    def conv(x: jax.Array, w: jax.Array) -> jax.Array:
        return jtconv.conv(x, w, **layer.geometry)

    def transpose(y: jax.Array, w: jax.Array) -> jax.Array:
        return jtconv.conv_transpose(y, w, output_size=size, method=layer.method, **layer.geometry)

    def dot(a: jax.Array, b: jax.Array) -> jax.Array:
        where = jax.typeof(a).sharding
        return (a * (b if where.mesh.empty else jax.reshard(b, where))).sum()

    def run(x: jax.Array, w: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
        by_x, by_w = jax.grad(lambda x, w: dot(conv(x, w), y), (0, 1))(x, w)
        by_y, by_kernel = jax.grad(lambda y, w: dot(transpose(y, w), x), (0, 1))(y, w)
        gradients = {"C by x": by_x, "C by w": by_w, "Ct by y": by_y, "Ct by w": by_kernel}
        return {"C": conv(x, w), "Ct": transpose(y, w), **gradients}

    return run


def collectives() -> None:
    """Read from compiled programs what travels: what must be summed, and halos."""
    mesh = jax.make_mesh((2, 4), ("a", "b"), axis_types=(AxisType.Auto,) * 2)
    x, w, y = jnp.ones((8, 16, 12, 32)), jnp.ones((4, 4, 32, 24)), jnp.ones((8, 8, 6, 24))
    layer: dict[str, Any] = {"strides": 2, "padding": 1}

    def moved(f: Any, specs: tuple[PartitionSpec, ...], *arrays: jax.Array) -> dict[str, int]:
        placed = [jax.device_put(a, NamedSharding(mesh, spec)) for a, spec in zip(arrays, specs, strict=True)]
        return collective_bytes(str(jax.jit(f).lower(*placed).compile().as_text()))

    def conv(x: jax.Array, w: jax.Array) -> jax.Array:
        return jtconv.conv(x, w, **layer)

    def transpose(y: jax.Array, w: jax.Array) -> jax.Array:
        return jtconv.conv_transpose(y, w, **layer)

    def kernel_gradient(x: jax.Array, w: jax.Array, y: jax.Array) -> jax.Array:
        return jax.vjp(lambda w: conv(x, w), w)[1](y)[0]

    def pair(x: jax.Array, w: jax.Array, v: jax.Array) -> Any:
        """Two layers whose inner channels are cut: the gradients by both kernels and by x."""

        def loss(x: jax.Array, w: jax.Array, v: jax.Array) -> jax.Array:
            return (jnp.tanh(jtconv.conv(jnp.tanh(conv(x, w)), v)) ** 2).sum()

        return jax.grad(loss, (0, 1, 2))(x, w, v)

    both, all_, inputs, outputs = P(("a", "b")), P(), P(None, None, None, "b"), P(None, None, "b")
    rows = spatial.halo((16, 12), (4, 4), devices=(4, 1), **layer).bytes_sent(32, batch=8)
    v = jnp.ones((1, 1, 24, 40))
    summed = x.nbytes + 8 * 8 * 6 * 40 * 4  # the gradient by x, and the second layer's result
    for found, expected in [
        (moved(conv, (both, all_), x, w), {}),
        (moved(transpose, (both, all_), y, w), {}),
        (moved(kernel_gradient, (both, all_, both), x, w, y), {"all-reduce": w.nbytes}),
        (moved(conv, (inputs, outputs), x, w), {"all-reduce": y.nbytes}),
        (moved(transpose, (all_, outputs), y, w), {}),
        (moved(transpose, (inputs, inputs), y, w), {"all-reduce": x.nbytes}),
        (moved(kernel_gradient, (inputs, outputs, all_), x, w, y), {}),
        (moved(conv, (P(None, "b"), all_), x, w), {"collective-permute": rows}),
        (moved(transpose, (P(None, "b"), all_), y, w), {"collective-permute": rows}),
        (moved(pair, (all_, inputs, outputs), x, w, v), {"all-reduce": summed}),
        (moved(pair, (P("a"), inputs, outputs), x, w, v), {"all-reduce": (summed + (w.nbytes + v.nbytes) // 2) // 2}),
    ]:
        assert found == expected, (found, expected)
    print("as counted by hand")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("check", choices=["auto", "explicit", "collectives"])
    parser.add_argument("--count", type=int, default=100, help="random layers; default: 100")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES)
    if given.check == "collectives":
        collectives()
        return
    jax.config.update("jax_enable_x64", True)
    kind = AxisType.Auto if given.check == "auto" else AxisType.Explicit
    random_layers(given.count, given.seed, kind)


if __name__ == "__main__":
    main()
