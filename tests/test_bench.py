"""The benchmark: its layers, its contenders' agreement, its figures; no timing is asserted."""

import json
import subprocess
import sys

import numpy as np
import pytest

from jtconv.bench import _report
from jtconv.bench._contenders import contenders, random_arrays
from jtconv.bench._layers import SUITE
from jtconv.bench._machine import Rates, bound_seconds
from jtconv.bench._timing import interleaved, summary
from jtconv.cli import main

BY_NAME = {layer.name: layer for layer in SUITE}


def test_layers_are_named_sourced_and_of_the_published_sizes():
    assert len(BY_NAME) == len(SUITE) >= 24
    assert all(layer.source for layer in SUITE)
    assert {len(layer.size) for layer in SUITE} == {1, 2, 3}
    assert BY_NAME["FCN-8 up3"].x_shape == (8, 224, 224, 12)
    assert BY_NAME["HiFi-GAN 1"].x_shape == (16, 256, 256)
    assert BY_NAME["jax 31662"].x_shape == (1, 128, 128, 64, 1)
    assert BY_NAME["grouped 32"].kernel_shape == (3, 3, 4, 128)
    assert BY_NAME["FCN-8 up1"].flops == 2 * 7 * 7 * 4 * 4 * 12 * 4096


@pytest.mark.parametrize("name", ["FCN-8 up2", "EnCodec 1"])
def test_contenders_compute_the_same_layer(name):
    """Both programs of every contender that is installed; peers' layouts are undone."""
    layer = BY_NAME[name]
    arrays = random_arrays(layer, "float32")
    built = ((who, build(layer, arrays)) for who, build in contenders(methods=True).items())
    made = {who: programs for who, programs in built if programs is not None}
    assert {"jtconv", "lax", "lax unflipped", "flax"} <= set(made)
    results = {who: programs.result() for who, programs in made.items()}
    for who, result in results.items():
        np.testing.assert_allclose(result, results["jtconv"], rtol=1e-3, atol=1e-4, err_msg=who)
    _, (dy, dkernel) = made["jtconv"].both()
    _, (lax_dy, lax_dkernel) = made["lax"].both()
    np.testing.assert_allclose(dy, lax_dy, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(dkernel, lax_dkernel, rtol=1e-3, atol=1e-2)


def test_interleaved_runs_each_in_turn():
    calls = []
    times = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, seconds=0.0)
    assert calls == ["a", "b"] + [*"aaabbb"] * 3  # one to warm up; turns of three, the first not timed
    assert [len(t) for t in times.values()] == [6, 6]
    assert summary([0.001, 0.002, 0.009])["ms"] == pytest.approx(2.0)


def test_bound_is_arithmetic_or_memory():
    layer = BY_NAME["U-Net up1"]
    slow_arithmetic = bound_seconds(layer, 4, Rates(1e9, 1e15))
    assert slow_arithmetic["forward"] == pytest.approx(layer.flops / 1e9)
    assert slow_arithmetic["both"] == pytest.approx(3 * layer.flops / 1e9)
    slow_memory = bound_seconds(layer, 4, Rates(1e18, 1e9))
    arrays = (28 * 28 * 1024, 2 * 2 * 512 * 1024, 56 * 56 * 512)
    assert slow_memory["forward"] == pytest.approx(4e-9 * sum(arrays))


def test_command_measures_saves_and_tabulates(tmp_path, capsys):
    path = tmp_path / "results" / "bench.json"
    assert main(["bench", "--layers", "fcn-8 up2", "--seconds", "0.001", "--out", str(path)]) == 0
    results = json.loads(path.read_text())
    (layer,) = results["layers"]
    assert {"jtconv", "lax", "flax"} <= set(layer["both"])
    assert layer["forward"]["jtconv"]["runs"] >= 3
    assert layer["forward"]["jtconv"]["compile_s"] > 0
    assert results["machine"]["product_gflops"] > 0
    printed = capsys.readouterr().out
    assert main(["bench", "--table", str(path)]) == 0
    table = capsys.readouterr().out
    assert printed.endswith(table)
    assert "| FCN-8 up2 | 8×14×14, 12 → 12, k4 s2 |" in table


def test_ratios_and_means():
    timings = {"jtconv": {"ms": 2.0}, "lax": {"ms": 9.0}, "flax": {"ms": 8.0}}
    assert _report.ratio(timings, _report.LAX) == 4.0
    assert _report.ratio(timings, _report.TORCH) is None
    assert _report.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "nothing"], "no layer's name contains that. There are: FCN-32s"),
        (["--seconds", "0"], "--seconds must be above 0"),
        (["--table", "/nonexistent.json"], "cannot be read as a result of jtconv bench"),
        (["--table", "pyproject.toml"], "cannot be read as a result of jtconv bench"),
        (["--out", "/proc/none/x.json"], "--out /proc/none/x.json: cannot be written"),
        (["--out", "/tmp"], "--out /tmp: cannot be written"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert main(["bench", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_import_of_the_package_does_not_import_the_benchmark():
    program = "import jtconv, jtconv.cli, sys; assert not any(m.startswith('jtconv.bench') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
