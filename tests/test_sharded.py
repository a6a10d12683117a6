"""Inputs sharded over devices give the same numbers, by every method."""

import os
import subprocess
import sys

# In a process of its own: the number of CPU devices is fixed when JAX starts.
PROGRAM = """
import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jtconv
import jtconv._arrays.tiles

assert len(jax.devices()) == 2
mesh = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Auto,))
rng = np.random.default_rng(0)
y = rng.standard_normal((4, 5, 6, 6), np.float32)
kernel = rng.standard_normal((3, 2, 2, 6), np.float32)
sharded = jax.device_put(y, NamedSharding(mesh, PartitionSpec("batch")))
for method in jtconv.METHODS:
    for mode in ("zeros", "circular"):
        f = lambda y, w: jtconv.conv_transpose(
            y, w, strides=2, padding=1, groups=3, padding_mode=mode, method=method
        )
        size = f(abs(y), abs(kernel))
        for g, sizes in ((f, size), (jax.jit(f), size)):
            error = abs(np.asarray(g(sharded, kernel)) - f(y, kernel))
            assert (error <= 2 * 13 * np.finfo(np.float32).eps * sizes).all(), (method, mode)
        gradient = jax.jit(jax.grad(lambda w: f(sharded, w).sum()))(kernel)
        assert gradient.shape == kernel.shape

# Where shardings are part of types, which is what jax.make_mesh makes by default.
explicit = jax.make_mesh((2,), ("batch",), axis_types=(AxisType.Explicit,))
typed = jax.device_put(y, NamedSharding(explicit, PartitionSpec("batch")))
cut = jax.device_put(kernel, NamedSharding(explicit, PartitionSpec(None, None, None, "batch")))
for method in jtconv.METHODS:
    f = lambda y, w: jtconv.conv_transpose(y, w, strides=2, padding=1, groups=3, method=method)
    square = lambda y, w: (f(y, w) ** 2).sum()
    got = jax.jit(f)(typed, kernel)
    assert got.sharding.spec == PartitionSpec("batch", None, None, None), got.sharding
    assert (abs(np.asarray(got) - f(y, kernel)) <= 2 * 13 * np.finfo(np.float32).eps * f(abs(y), abs(kernel))).all()
    whole, sizes = jax.grad(square, (0, 1))(y, kernel), jax.grad(square, (0, 1))(abs(y), abs(kernel))
    for given in (kernel, cut):
        for g, w, size in zip(jax.jit(jax.grad(square, (0, 1)))(typed, given), whole, sizes):
            assert (abs(np.asarray(g) - w) <= 2 * 1000 * np.finfo(np.float32).eps * size).all(), method
f(y, cut)
with jtconv.lax_only():
    for g, w, size in zip(jax.jit(jax.grad(square, (0, 1)))(typed, cut), whole, sizes):
        assert (abs(np.asarray(g) - w) <= 2 * 1000 * np.finfo(np.float32).eps * size).all()
    got = jax.jit(f)(typed, cut)
    assert got.sharding.spec == PartitionSpec("batch", None, None, None), got.sharding

# vmap over the images' cut axis, and a shard_map over some of a mesh's axes, leave the others typed.
f = lambda y, w: jtconv.conv_transpose(y, w, strides=2, padding=1, groups=3)
whole, sizes = f(y, kernel), f(abs(y), abs(kernel))
one_by_one = jax.jit(jax.vmap(f, (0, None)))(typed, kernel)
assert one_by_one.sharding.spec == PartitionSpec("batch", None, None, None), one_by_one.sharding
two = jax.make_mesh((1, 2), ("manual", "batch"), axis_types=(AxisType.Explicit,) * 2)
with jax.set_mesh(two):
    within = jax.shard_map(f, in_specs=PartitionSpec(), out_specs=PartitionSpec(), axis_names={"manual"})
    inner = jax.jit(within)(jax.device_put(y, NamedSharding(two, PartitionSpec("batch"))), kernel)
assert inner.sharding.spec == PartitionSpec("batch", None, None, None), inner.sharding
elsewhere = jax.device_put(kernel, NamedSharding(two, PartitionSpec(None, None, None, "batch")))
try:
    f(typed, elsewhere)
    raise SystemExit("arrays on two meshes were taken")
except ValueError as error:
    assert "must be on one mesh, got {'batch': 2} and {'manual': 1, 'batch': 2}" in str(error), error
for got in (one_by_one, inner):
    assert (abs(np.asarray(got) - whole) <= 2 * 13 * np.finfo(np.float32).eps * sizes).all()

jtconv._arrays.tiles.MAX_TILE_BYTES = 300  # several tiles

# Under shard_map each device has its images and all of the kernel, whose gradient is a sum over devices.
f = lambda y, w: jtconv.conv_transpose(y, w, strides=2, padding=1, groups=3)
loss = lambda y, w: jax.lax.psum((f(y, w) ** 2).sum(), "batch")
specs = (PartitionSpec("batch"), PartitionSpec())
local = jax.shard_map(jax.grad(loss, (0, 1)), mesh=mesh, in_specs=specs, out_specs=specs)
expected = jax.grad(lambda y, w: (f(y, w) ** 2).sum(), (0, 1))
sizes = expected(abs(y), abs(kernel))
for got, e, size in zip(jax.jit(local)(y, kernel), expected(y, kernel), sizes):
    assert (abs(got - e) <= 2 * 1000 * np.finfo(np.float32).eps * size).all()
print("sharded")
"""


def test_batch_sharded_over_two_devices():
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout == "sharded\n", done.stderr
