"""A training step on several devices moves its gradients, and nothing of the pictures' size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import step_traffic
from tests.fcn.parallel_runs import QUICK

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("preset", step_traffic.WIDTHS)
def test_a_step_moves_its_gradients_and_little_else(preset):
    """In a process of its own: the number of CPU devices is fixed when JAX starts."""
    program = f"""
import json, jax
jax.config.update("jax_num_cpu_devices", 4)
from benchmarks import step_traffic as traffic
config = traffic.config_of({preset!r})
needed = traffic.needed(config, traffic.abstract_state(config, traffic.SIGNATURE))
print(json.dumps([needed, traffic.moved_bytes(config, 4)]))
"""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **QUICK}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    needed, moved = json.loads(done.stdout)
    assert moved == {"all-reduce": needed}
