"""The state of training on disk: written whole or not at all, and checked when it is read.

Each process writes the parts of arrays that its devices have, and reads the parts that they are to have:
the numbers of devices and processes may differ.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from experiments.errors import UserError
from experiments.fcn.fingerprint import fingerprint
from experiments.fcn.placement import is_key, key_data
from experiments.fcn.processes import is_first
from experiments.fcn.state import State
from experiments.files import FULL

# Orbax gives up by wall clocks: one that is set forward must not end a run.
PATIENCE = 100 * 365 * 86_400  # seconds
MAX_KEPT = 2  # so that one is left should the newest be damaged
REMEDY = "delete it to go on from another checkpoint, or from the start"
Arrays = dict[str, Any]


class Checkpoints:
    """Saves states while training goes on."""

    def __init__(self, manager: ocp.CheckpointManager, folder: Path):
        self.manager = manager
        self.folder = folder

    def save(self, step: int, state: State) -> None:
        """Start writing; `step` optimiser steps have been taken.

        Nothing is done if there is one of `step` or later, from before an interruption: it would be the same.
        """
        if step <= (self.manager.latest_step() or 0):
            return
        arrays = by_name(state)
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(arrays),  # pyright: ignore[reportCallIssue] (a dataclass that Orbax makes at run time)
            digest=ocp.args.JsonSave({"fingerprint": fingerprint(step, arrays)}),  # pyright: ignore[reportCallIssue] (a dataclass that Orbax makes at run time)
        )
        with storing(self.folder):
            self.manager.save(step, args=items)

    def finish(self) -> None:
        """Wait until all that was begun is written."""
        with storing(self.folder):
            self.manager.wait_until_finished()

    def newest(self) -> Path | None:
        """The last one, when all that was begun is written."""
        self.finish()
        step = self.manager.latest_step()
        return None if step is None else self.folder / str(step)


class Manager(ocp.CheckpointManager):
    """Leaves the question whether to end to `stop_signal`: JAX counts how often it is asked, and by whom."""

    def reached_preemption(self, step: int) -> bool:
        del step
        return False


@contextmanager
def open_checkpoints(folder: Path, kept: int = MAX_KEPT) -> Iterator[Checkpoints]:
    """Checkpoints in `folder`, which is made; what is being written is finished on the way out."""
    patient = ocp.AsyncOptions(timeout_secs=PATIENCE)
    options = ocp.CheckpointManagerOptions(max_to_keep=kept, cleanup_tmp_directories=True, async_options=patient)
    manager = Manager(folder.absolute(), options=options)
    try:
        yield Checkpoints(manager, folder)
    finally:
        try:
            with storing(folder):
                manager.close()
        finally:  # to make room, if it was the disk
            for half in folder.glob("*.orbax-checkpoint-tmp*") if is_first() else ():
                shutil.rmtree(half, ignore_errors=True)


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Within the block, a full disk, quota or file is a `UserError`, and so is Orbax's giving up."""
    goes_on = "the same command goes on from the checkpoint before"
    try:
        yield
    except TimeoutError as error:  # Orbax goes by wall clocks, here and there by its own patience
        what = "did not take a checkpoint in time (a slow disk, or a clock that was set forward)"
        raise UserError(folder, what, goes_on) from error
    except (OSError, ValueError) as error:  # TensorStore's is a ValueError
        full = next((text for text in map(os.strerror, FULL) if text in str(error)), None)
        if full is None:
            raise
        raise UserError(
            folder, f"cannot take another checkpoint ({full})", f"free some space, and {goes_on}"
        ) from error


def restore(folder: Path, like: State) -> tuple[int, State] | None:
    """The last whole checkpoint, with its step; None if there is none.

    Shapes are those of `like`, arrays or `jax.ShapeDtypeStruct`s, and so are the devices that the arrays come to lie
    on; those that name none lie on the first. Nothing is written. Raises `UserError` if the checkpoint is damaged.
    """
    if not folder.is_dir():
        return None
    check_dates(folder)
    options = ocp.CheckpointManagerOptions(read_only=True)
    with ocp.CheckpointManager(folder.absolute(), options=options) as manager:
        step = manager.latest_step()
        return None if step is None else (step, read(manager, step, folder / str(step), like))


def check_dates(folder: Path) -> None:
    """Raise `UserError` for a checkpoint without its date: Orbax reads all dates before it opens one."""
    for checkpoint in ocp.path.step.standard_name_format().find_all(folder.absolute()):
        try:
            checkpoint.commit_timestamp  # noqa: B018 (it is read here)
        except Exception as error:  # JSON's and Orbax's own
            raise UserError(folder / str(checkpoint.step), "is damaged", REMEDY) from error


def read(manager: ocp.CheckpointManager, step: int, file: Path, like: State) -> State:
    abstract = {name: as_saved(leaf) for name, leaf in named_leaves(like)}
    items = ocp.args.Composite(
        state=ocp.args.StandardRestore(abstract),  # pyright: ignore[reportCallIssue] (a dataclass that Orbax makes at run time)
        digest=ocp.args.JsonRestore(),
    )
    try:
        restored = manager.restore(step, args=items)
        arrays, saved_fingerprint = restored["state"], restored["digest"].get("fingerprint")
    except Exception as error:  # Orbax, TensorStore and JSON each have their own
        raise UserError(file, "is damaged", REMEDY) from error
    if fingerprint(step, arrays) != saved_fingerprint:
        raise UserError(file, "is damaged (its digest differs)", REMEDY)
    leaves = [
        jax.random.wrap_key_data(arrays[name]) if is_key(leaf) else arrays[name] for name, leaf in named_leaves(like)
    ]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def by_name(state: State) -> Arrays:
    """The arrays of a state, such as "parameters.conv6.conv.kernel", in the order of its leaves."""
    return {name: key_data(leaf) for name, leaf in named_leaves(state)}


def named_leaves(state: State) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(state)[0]
    return [(jax.tree_util.keystr(path, simple=True, separator="."), leaf) for path, leaf in leaves]


def as_saved(leaf: Any) -> jax.ShapeDtypeStruct:
    data = jax.eval_shape(key_data, leaf)
    sharding = leaf.sharding or jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.ShapeDtypeStruct(data.shape, data.dtype, sharding=sharding)
