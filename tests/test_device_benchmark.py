"""`python -m benchmarks.device`: it checks what it times, and stops in time."""

import json
from dataclasses import replace

import pytest

from benchmarks import device
from jtconv._primitives.dispatch import REGISTRY

QUICK = ("--seconds", "0.001", "--layers")


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["device", *QUICK, *arguments])
    device.main()


def test_every_map_and_implementation_of_a_layer(monkeypatch, tmp_path, capsys):
    out = tmp_path / "results.json"
    run(monkeypatch, "FCN-8 up2", "--out", str(out))
    maps = json.loads(out.read_text())["layers"]["FCN-8 up2"]
    assert set(maps) == set(device.MAPS)
    assert {"auto", "lax", "vjp", "overlap_add", "polyphase"} <= set(maps["transposed"]["ms"])
    assert all(error <= 1 for found in maps.values() for error in found["error_over_bound"].values())
    assert "| FCN-8 up2 | kernel_gradient |" in capsys.readouterr().out


def test_a_wrong_result_is_a_failure(monkeypatch):
    right = REGISTRY["transposed", "polyphase"]
    wrong = replace(right, run=lambda *a, **k: 1.02 * right.run(*a, **k))
    monkeypatch.setitem(REGISTRY, ("transposed", "polyphase"), wrong)
    with pytest.raises(SystemExit, match="Beyond the bound of rounding: EnCodec 1, transposed"):
        run(monkeypatch, "EnCodec 1")


def test_layers_that_time_is_too_short_for_are_named(monkeypatch, capsys):
    run(monkeypatch, "FCN-8 up", "--minutes", "0")
    assert "Not reached in 0 minutes: FCN-8 up1, FCN-8 up2, FCN-8 up3." in capsys.readouterr().out
