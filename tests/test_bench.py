"""The benchmark: its layers, its contenders' agreement, its figures; no timing is asserted."""

import copy
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import linearity
from jtconv import METHODS
from jtconv.bench import _contenders, _figures, _plot, _report, _timing
from jtconv.bench._contenders import contenders
from jtconv.bench._layers import SUITE
from jtconv.bench._machine import Rates, bound_seconds
from jtconv.bench._markdown import Column, aligned
from jtconv.bench._programs import PARTS, NotRun, Program, random_arrays
from jtconv.bench._run import ready
from jtconv.bench._timing import Guarded, interleaved, summary
from jtconv.cli import _bench, main

ROOT = Path(__file__).parent.parent
BY_NAME = {layer.name: layer for layer in SUITE}


def timing(ms, low=None, high=None, **more):
    return {"ms": ms, "low": low or ms, "high": high or ms, "runs": 6, **more}


def result_of(**forward):
    """A result of one layer, y (1, 4, 4, 2) -> x (1, 8, 8, 3) with a kernel (2, 2, 3, 2)."""
    layer = {
        "name": "one", "source": "", "y": [1, 4, 4, 2], "kernel": [2, 2, 3, 2], "x": [1, 8, 8, 3], "strides": 2,
        "arguments": {}, "gflop": 2.0, "bound_ms": {"forward": 1.0}, "forward": forward,
    }  # fmt: skip
    return {"machine": {"dtype": "float32"}, "layers": [layer]}


def test_layers_are_named_sourced_and_of_the_published_sizes():
    assert len(BY_NAME) == len(SUITE) >= 24
    assert all(layer.source for layer in SUITE)
    assert {len(layer.size) for layer in SUITE} == {1, 2, 3}
    assert BY_NAME["FCN-8 up3"].x_shape == (8, 224, 224, 12)
    assert BY_NAME["HiFi-GAN 1"].x_shape == (16, 256, 256)
    assert BY_NAME["jax 31662"].x_shape == (1, 128, 128, 64, 1)
    assert BY_NAME["grouped 32"].kernel_shape == (3, 3, 4, 128)
    assert BY_NAME["FCN-8 up1"].flops == 2 * 7 * 7 * 4 * 4 * 12 * 4096


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["FCN-8 up2", "EnCodec 4"])
def test_contenders_compute_the_same_layer(name, part):
    """Every part by every contender that is installed; peers' layouts are undone."""
    layer = BY_NAME[name]
    programs, _, failed = ready(layer, contenders(methods=True), random_arrays(layer, "float32"), part)
    assert {"jtconv", "lax", "lax unflipped", "flax"} <= set(programs)
    assert {"not run" in reason for reason in failed.values()} <= {True}
    assert all(programs[name].compile_seconds for name in ("jtconv", "lax"))
    expected = programs["lax"].results()
    shapes = {"forward": [layer.x_shape], "kernel_gradient": [layer.kernel_shape]}
    assert [r.shape for r in expected] == shapes.get(part, [layer.x_shape, layer.y_shape, layer.kernel_shape])
    for who, program in programs.items():
        for result, exact in zip(program.results(), expected, strict=True):
            np.testing.assert_allclose(result, exact, rtol=1e-3, atol=1e-4 * np.max(np.abs(exact)), err_msg=who)


def test_methods_are_forward_only_and_no_huge_matrix_is_made():
    layer = BY_NAME["FCN-32s"]
    arrays = random_arrays(layer, "float32")
    assert {f"jtconv {name}" for name in METHODS if name != "auto"} <= set(contenders(methods=True))
    assert _contenders.own_method("polyphase", layer, arrays, "both") is None
    with pytest.raises(NotRun, match="matrix would have more than 8.4e\\+06 entries"):
        _contenders.own_method("matrix", layer, arrays, "forward")


def test_a_peers_failure_is_a_result_and_our_own_is_raised():
    layer = BY_NAME["FCN-8 up2"]
    arrays = random_arrays(layer, "float32")
    own = contenders(methods=False)["jtconv"]

    def fails(*_):
        raise MemoryError("no\nroom")

    def wrong(*_):
        return Program(run=lambda: None, results=lambda: [np.zeros(layer.x_shape)])

    builders = {"jtconv": own, "fails": fails, "wrong": wrong, "cannot": lambda *_: None}
    programs, _, failed = ready(layer, builders, arrays, "forward")
    assert set(programs) == {"jtconv"}
    assert failed["fails"] == "failed: MemoryError: no room"
    assert "differs from jtconv by" in failed["wrong"]
    assert "cannot" not in failed
    with pytest.raises(MemoryError):
        ready(layer, {"jtconv": fails}, arrays, "forward")


def test_command_knows_the_parts():
    assert tuple(PARTS) == _bench.PARTS
    assert _figures.TITLES.keys() == PARTS.keys()


def test_a_run_that_fails_is_not_repeated():
    calls = []

    def fails():
        calls.append(1)
        raise RuntimeError("out of memory")

    guarded = Guarded(fails)
    interleaved({"a": guarded}, seconds=0.0)
    assert calls == [1]
    assert guarded.failure == "failed: RuntimeError: out of memory"


def test_interleaved_runs_each_in_turn(monkeypatch):
    monkeypatch.setattr(_timing, "MIN_BURST_SECONDS", 0.0)
    calls = []
    times = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, seconds=0.0)
    assert calls[:2] == ["a", "b"]  # to warm up
    turns = ["".join(calls[at : at + 6]) for at in range(2, len(calls), 6)]
    assert set(turns) == {"aaabbb", "bbbaaa"}  # three runs each, the first not timed, in an order drawn anew
    assert len(turns) == 3
    assert [len(t) for t in times.values()] == [6, 6]
    calls.clear()
    runs = {name: lambda name=name: calls.append(name) for name in ("slow", "very slow")}
    times = interleaved(runs, seconds=1.0, known={"slow": 5.0, "very slow": 50.0})
    assert calls == ["slow"]
    assert times["very slow"] == [50.0]
    assert summary([0.001, 0.002, 0.009])["ms"] == pytest.approx(2.0)


def test_a_burst_of_quick_runs_is_long_enough_to_be_timed():
    assert sum(_timing._burst(lambda: None)) >= _timing.MIN_BURST_SECONDS
    assert len(_timing._burst(lambda: time.sleep(2 * _timing.MIN_BURST_SECONDS))) == 2


def test_bound_is_arithmetic_or_memory():
    layer = BY_NAME["U-Net up1"]
    slow_arithmetic = bound_seconds(layer, 4, Rates(1e9, 1e15))
    assert slow_arithmetic["forward"] == pytest.approx(layer.flops / 1e9)
    assert slow_arithmetic["both"] == pytest.approx(3 * layer.flops / 1e9)
    slow_memory = bound_seconds(layer, 4, Rates(1e18, 1e9))
    arrays = (28 * 28 * 1024, 2 * 2 * 512 * 1024, 56 * 56 * 512)
    assert slow_memory["forward"] == slow_memory["kernel_gradient"] == pytest.approx(4e-9 * sum(arrays))


def test_command_measures_saves_and_tabulates(tmp_path, capsys):
    path, plot = tmp_path / "results" / "bench.json", tmp_path / "plot.svg"
    assert main(["bench", "--layers", "fcn-8 up2", "--seconds", "0.001", "--out", str(path), "--methods"]) == 0
    results = json.loads(path.read_text())
    (layer,) = results["layers"]
    assert {"jtconv", "jtconv scatter", "lax", "flax"} <= set(layer["forward"])
    assert layer["both"]["jtconv"]["runs"] >= 3
    assert layer["both"]["jtconv"]["compile_s"] > 0
    assert "kernel_gradient" not in layer
    assert results["machine"]["product_gflops"] > 0
    printed = capsys.readouterr().out
    assert main(["bench", "--table", str(path), "--plot", str(plot)]) == 0
    table = capsys.readouterr().out
    assert printed.endswith(table)
    assert table.startswith("| **forward** |")  # by which tools/quote_outputs.py knows a table
    assert "| FCN-8 up2 | 8×14×14, 12 → 12, k4 s2 | 0.01 |" in table
    assert "`auto` is within 10% of the quickest method on" in table
    assert "<svg" in plot.read_text()


def test_saved_results_have_tables():
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        results = json.loads(path.read_text())
        assert results["layers"][0]["name"] in _report.markdown(results)


def test_ratios_spread_and_means():
    timings = {"jtconv": timing(2.0, 1.0, 4.0), "lax": timing(9.0), "lax unflipped": timing(8.0, 6.0, 12.0)}
    assert _figures.ratio(timings, _figures.LAX) == (4.0, 1.5, 12.0)
    assert _figures.ratio(timings, _figures.TORCH) is None
    assert _figures.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_memory_is_counted_against_the_arrays():
    (layer,) = result_of(jtconv=timing(1.0, temporary_mb=4 * (32 + 24 + 192) / 1e6))["layers"]
    assert _figures.memory_ratio(layer, "forward", "float32") == pytest.approx(1.0)
    layer["both"] = layer["forward"]
    assert _figures.memory_ratio(layer, "both", "bfloat16") == pytest.approx(1.0)


def test_table_has_a_dash_where_there_is_no_figure():
    results = result_of(
        jtconv=timing(2.0, compile_s=0.3), lax=timing(30.0, compile_s=0.1), torch=timing(3.0, 2.0, 200.0)
    )
    assert "| one | 1×4×4, 2 → 3, k2 s" in _report.markdown(results)  # the size, beside the times
    assert "| 2.00 ms | 15.0× (15.0–15.0) | 1.50× (1.00–100) | 50% | 3.00× | — |" in _report.markdown(results)
    del results["layers"][0]["forward"]["torch"]
    assert "15.0× (15.0–15.0) | — | 50% |" in _report.markdown(results)


def test_in_a_terminal_tables_are_aligned_and_hold_no_library_that_was_not_timed():
    results = result_of(jtconv=timing(2.0), lax=timing(30.5))
    text = aligned(_report.markdown(results))
    head, rule, row, *_ = text.splitlines()
    assert [column.strip() for column in head.split("  ") if column] == [
        *("forward", "y → x, kernel", "GFLOP"),
        *("jtconv", "lax", "bound"),
    ]
    assert len(head) == len(rule) == len(row)
    assert set(rule) == {"-"}
    assert "|" not in text
    assert "torch" not in text.split("\n\n")[1]  # the geometric means


def test_a_further_column_is_one_row(monkeypatch):
    runs = Column("runs", lambda row: f"{row.timings['jtconv']['runs']} of {row.layer['name']}", "Runs: timed.")
    monkeypatch.setattr(_report, "COLUMNS", (*_report.COLUMNS, runs))
    text = _report.markdown(result_of(jtconv=timing(2.0)))
    assert "| bound | compile | memory | runs |\n" in text
    assert " | 2.00 ms | — | — | 50% | — | — | 6 of one |\n" in text
    assert text.endswith("arrays given and returned. Runs: timed.")


def test_summary_names_the_worst_layer_and_failures_are_listed():
    layers = result_of(jtconv=timing(1.0), lax=timing(2.0), torch=timing(0.5))["layers"]
    layers += copy.deepcopy(layers)
    layers[1] |= {"name": "two", "gflop": 0.5, "failed": {"forward": {"keras": "failed: ValueError: odd"}}}
    layers[1]["forward"]["lax"]["ms"] = 8.0
    text = _report.means(layers)
    assert "| lax | **4.00×** of 2 layers; least 2.00×, one |" in text
    assert "| keras | — |" in text
    assert "| the quickest of them | **0.50×** of 2 layers" in text
    assert "| share of the bound above 1 GFLOP | 100% of 1 layer |" in text
    assert _report.failures(layers) == "- keras, forward, on two: failed: ValueError: odd"
    layers[0]["failed"] = layers[1]["failed"]
    assert _report.failures(layers) == "- keras, forward, on one, two: failed: ValueError: odd"


def test_cost_of_the_choice_of_method():
    good = {"jtconv": timing(1.0), "jtconv lax": timing(1.0), "jtconv polyphase": timing(3.0)}
    layers = result_of(**good)["layers"] + result_of(**good)["layers"]
    layers[1]["name"] = "two"
    layers[1]["forward"]["jtconv lax"] = timing(0.8, high=0.9)
    text = _report.methods(layers)
    assert "| one | **1.00** | **1.00** | 3.00 |" in text
    assert "on 1 of 2 layers, and on 0 more their quartiles overlap" in text
    assert text.endswith("its worst pick costs 1.25×, on two, where lax is the quickest.")
    layers[1]["forward"]["jtconv"]["low"] = 0.9
    assert "on 1 more their quartiles overlap" in _report.methods(layers)
    assert _report.methods(result_of(jtconv=timing(1.0), lax=timing(2.0))["layers"]) == ""


def test_plot_sorts_layers_and_marks_one():
    results = result_of(jtconv=timing(1.0), lax=timing(2.0), torch=timing(0.5))
    results["layers"] += copy.deepcopy(results["layers"])
    results["layers"][0]["forward"]["lax"]["ms"] = 8.0
    results["layers"][1]["name"] = "two"
    (axes,) = _plot.draw(results).axes
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["two", "one"]
    assert any(np.array_equal(line.get_xdata(), [1, 1]) for line in axes.lines)


def test_plot_without_matplotlib_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "--plot", "x.png"]) == 2
    assert "pip install 'jtconv[experiments]'" in capsys.readouterr().err


def test_linearity_by_pixel():
    layer = linearity.layer_of("k16 s8", 64)
    assert layer.x_shape == (1, 64, 64, 16)
    linear, square = ({n: {"ns": n**e, "bytes": 0.0} for n in (128**2, 256**2, 512**2)} for e in (0, 1))
    assert linearity.exponent(linear) == pytest.approx(1.0)
    assert linearity.exponent(square) == pytest.approx(2.0)
    text = linearity.markdown("k4 s2", linearity.measure("k4 s2", (8, 16), "float32", 0.001))
    assert "| 8² |" in text
    assert "| 16² |" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "nothing"], "no layer's name contains that. There are: FCN-32s"),
        (["--seconds", "0"], "--seconds must be above 0"),
        (["--table", "/nonexistent.json"], "cannot be read as a result of jtconv bench"),
        (["--table", str(ROOT / "pyproject.toml")], "cannot be read as a result of jtconv bench"),
        (["--out", "/proc/none/x.json"], "--out /proc/none/x.json: cannot be written"),
        (["--out", "/tmp"], "--out /tmp: cannot be written"),
        (["--plot", "x.jpg"], "--plot x.jpg: the name must end in .png or .svg"),
        (["--plot", "/proc/none/x.png"], "--plot /proc/none/x.png: cannot be written"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert main(["bench", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_import_of_the_package_does_not_import_the_benchmark():
    program = "import jtconv, jtconv.cli, sys; assert not any(m.startswith('jtconv.bench') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
