"""The bytes that devices exchange, read from programs; predictions of a ring."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks import scaling
from benchmarks.collectives import collective_bytes
from tests.fcn.parallel_runs import QUICK

pytestmark = pytest.mark.usefixtures("single_precision")


def test_collectives_are_read_from_programs():
    text = """
  %all-reduce.3 = (f32[2,3]{1,0}, /*index=1*/bf16[4]{0}) all-reduce(%x, %y), channel_id=1, to_apply=%add
  %all-gather = f32[8]{0} all-gather(%z), dimensions={0}
  ROOT %fusion = f32[9]{0} fusion(%all-reduce.3), calls=%c
"""
    assert collective_bytes(text) == {"all-gather": 32, "all-reduce": 32}
    started = (
        "%s = (f32[2]{0}, f32[8]{0}, u32[], u32[]) collective-permute-start(%z)\n%r = f32[4]{0} all-reduce-start(%q)"
    )
    assert collective_bytes(started) == {"all-reduce": 16, "collective-permute": 32}


def test_a_step_moves_the_gradients_and_little_else():
    """Mean, mean square and a number of their slopes for each normalised channel; the loss and the pixels counted."""
    program = f"""
import json, jax
jax.config.update("jax_num_cpu_devices", {scaling.DEVICES})
from benchmarks import scaling
print(json.dumps(scaling.moved(shard_parameters=False)))
"""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **QUICK}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=scaling.ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    channels = found["statistics"] // 8  # a mean and a variance of each
    assert found["bytes"] == {"all-reduce": found["parameters"] + 12 * channels + 8}


def test_predictions_of_a_ring():
    assert scaling.ring_seconds(12e9, 4, 1e9) == pytest.approx(18.0)
    assert scaling.efficiency(6.0, 12e9, 4, 1e9) == pytest.approx(0.25)
