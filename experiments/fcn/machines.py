"""The machines that a run is computed on: one process or several, and which devices.

They are no part of a run's configuration, so that it may go on on others.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import jax

from experiments.errors import check
from experiments.fcn.stop_signal import listening

# More than the flag that leaves out kernels whose sums have no order: it also keeps XLA from
# choosing kernels by what was quickest this time.
DETERMINISTIC = "--xla_gpu_deterministic_ops=true"


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The processes and devices of a run. Every process is given the same, but for `process`."""

    distributed: bool = False
    """This is one of several processes, started together by Slurm, Open MPI, or on a TPU's hosts."""
    coordinator: str | None = None
    """HOST:PORT at which process 0 can be reached, where the processes are started by hand."""
    processes: int | None = None
    """Number of processes, with --coordinator."""
    process: int | None = None
    """Number of this process, from 0, with --coordinator."""
    cpu_devices: int | None = None
    """Compute on the CPU as if it were so many devices, to try out what several do."""
    shard_parameters: bool = False
    """Divide parameters, optimiser state and average among the devices, where each else has them whole."""
    deterministic: bool = False
    """The same parameters to the bit when a run is repeated on the same machines; slower on GPUs."""

    def __post_init__(self) -> None:
        given = [getattr(self, name) is not None for name in ("coordinator", "processes", "process")]
        check(self, "coordinator", all(given) or not any(given), "given together with --processes and --process")
        if self.processes is not None and self.process is not None:
            check(self, "coordinator", re.fullmatch(r".+:\d+", self.coordinator or "") is not None, "HOST:PORT")
            check(self, "coordinator", not self.distributed, "left out where --distributed finds it")
            check(self, "processes", self.processes >= 1, "at least 1")
            check(self, "process", 0 <= self.process < self.processes, f"in [0, {self.processes})")
        check(self, "cpu_devices", self.cpu_devices is None or self.cpu_devices >= 1, "at least 1")


def begin(machines: Machines) -> None:
    """Set JAX up. Raises ValueError where there is nothing to join, RuntimeError where JAX has begun before.

    Of several processes only the first writes on stdout from here on.
    """
    if machines.deterministic:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {DETERMINISTIC}".strip()
    if machines.cpu_devices is not None:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", machines.cpu_devices)
    if machines.distributed or machines.coordinator is not None:
        join(machines)


@contextmanager
def started(machines: Machines) -> Iterator[None]:
    """Set JAX up; within the block SIGTERM ends a run in good order, after its results are written."""
    begin(machines)
    with listening():
        yield


def join(machines: Machines) -> None:
    try:
        jax.distributed.initialize(machines.coordinator, machines.processes, machines.process)
    except ValueError as error:
        if not machines.distributed:
            raise
        rule = "used under Slurm, Open MPI or on a TPU, or left out for --coordinator, --processes and --process"
        raise ValueError(f"`distributed` must be {rule}, got no cluster ({error}).") from error
    if jax.process_index() > 0:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process runs
