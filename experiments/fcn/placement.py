"""The placement of a run's arrays: batches cut over all devices, the state whole on each, or cut too.

What is moved between devices, and when, XLA finds out from this alone.
"""

from functools import cache
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from experiments.fcn.task import EVERY, Batch

AXIS = "batch"
T = TypeVar("T")


class Placement(NamedTuple):
    """Several devices in a row. Hashable: programs are compiled for it."""

    mesh: Mesh
    shard_parameters: bool = False

    @property
    def whole(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def by_row(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(AXIS))

    def of(self, leaf: Any) -> NamedSharding:
        """The placement of an array of the state, between steps."""
        if not self.shard_parameters or not jnp.issubdtype(leaf.dtype, jnp.floating):
            return self.whole
        divisible = [axis for axis, size in enumerate(leaf.shape) if size and size % self.mesh.size == 0]
        if not divisible:
            return self.whole
        longest = max(divisible, key=lambda axis: leaf.shape[axis])
        return NamedSharding(self.mesh, PartitionSpec(*[None] * longest, AXIS))


def find_placement(batch_size: int, *, shard_parameters: bool = False) -> Placement | None:
    """All devices there are; None if it is one, which needs nothing of this.

    Raises ValueError where a batch cannot be cut into as many equal parts.
    """
    # Not jax.make_mesh, which may put them in another order: a process's rows are to be a run of the
    # batch's. What all devices add up, on all links, has no order.
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    n = len(devices)
    if batch_size % n:
        nearest = max(1, round(batch_size / n)) * n
        rule = f"a multiple of the number of devices ({n}), got {batch_size}"
        raise ValueError(f"`batch_size` must be {rule}: give --batch-size {nearest}, or fewer devices.")
    if n == 1:
        return None
    return Placement(Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,)), shard_parameters)


def own_rows(placement: Placement | None, batch_size: int) -> slice:
    """The rows of each batch that this process's devices work on."""
    if placement is None:
        return EVERY
    each = batch_size // placement.mesh.size
    own = [i for i, device in enumerate(placement.mesh.devices) if device.process_index == jax.process_index()]
    return slice(each * own[0], each * (own[-1] + 1))


def put_batch(placement: Placement | None, batch: Batch) -> Batch:
    """The whole batch on the devices, from this process's own rows of it."""
    if placement is None:
        return jax.device_put(batch)
    return Batch(*(jax.make_array_from_process_local_data(placement.by_row, rows) for rows in batch))


def put_state(placement: Placement | None, state: T) -> T:
    """The state, which every process has whole, on the devices where it belongs."""
    if placement is None:
        return state

    def put(leaf: Any) -> Any:
        if is_key(leaf):
            return jax.random.wrap_key_data(put(jax.random.key_data(leaf)))
        values = np.asarray(leaf)
        return jax.make_array_from_callback(values.shape, placement.of(leaf), lambda index: values[index])

    return jax.tree.map(put, state)


def take_whole(placement: Placement | None, state: T) -> T:
    """The state on this process's first device. All processes must call this."""
    if placement is None:
        return state
    data = jax.tree.map(key_data, state)
    data = jax.tree.map(lambda leaf: leaf.addressable_data(0), gathering(placement)(data))
    return jax.tree.map(lambda leaf, new: jax.random.wrap_key_data(new) if is_key(leaf) else new, state, data)


@cache
def gathering(placement: Placement) -> Any:
    return jax.jit(lambda tree: tree, out_shardings=placement.whole)


def shaped(placement: Placement | None, abstract: T) -> T:
    """Shapes and dtypes, with where such arrays belong."""

    def place(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=placement and placement.of(leaf))

    return jax.tree.map(place, abstract)


# --- within a program


def everywhere(placement: Placement | None, tree: T) -> T:
    """Whole on every device: what is cut is gathered here."""
    if placement is None:
        return tree
    return jax.lax.with_sharding_constraint(tree, placement.whole)


def settled(placement: Placement | None, tree: T) -> T:
    """Place the tree as between steps."""
    if placement is None:
        return tree
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, placement.of(leaf)), tree)


def key_data(leaf: Any) -> Any:
    """The integers of a key, else the leaf."""
    return jax.random.key_data(leaf) if is_key(leaf) else leaf


def is_key(leaf: Any) -> bool:
    """Whether it is a key of random numbers (dropout's), which files know as integers."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
