"""Layers of one channel or a few, which a CPU's vectors are not filled by: pictures, signals, volumes.

    python -m benchmarks.few_channels --out benchmarks/results/few-channels-float32.json
    jtconv bench --table benchmarks/results/few-channels-float32.json

"auto" against the methods that are quick for such layers, lax and torch, in turns.
"""

import argparse
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from jtconv.bench import _report, _run
from jtconv.bench._contenders import lax_flipped, own, own_method
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import Arrays, Build, NotRun, Program
from jtconv.bench._torch_contender import torch
from jtconv.cli._bench import PARTS

MAX_COLUMNS = 2**25  # floats of overlap-add's matrix product
METHODS = ("overlap_add", "polyphase")

BLUR, RGB, SIGNAL, VOLUME = "a point spread function", "a picture's colours", "a filter of a signal", "a volume"
LAYERS = (
    NetworkLayer("picture k3", BLUR, 1, (512, 512), 1, 1, 3, 1, {"padding": 1}),
    NetworkLayer("picture k5", BLUR, 1, (512, 512), 1, 1, 5, 1, {"padding": 2}),
    NetworkLayer("picture k11", BLUR, 1, (512, 512), 1, 1, 11, 1, {"padding": 5}),
    NetworkLayer("picture k31", BLUR, 1, (512, 512), 1, 1, 31, 1, {"padding": 15}),
    NetworkLayer("picture k4 s2", "bilinear upsampling", 1, (256, 256), 1, 1, 4, 2, {"padding": 1}),
    NetworkLayer("picture k16 s4", BLUR, 1, (128, 128), 1, 1, 16, 4, {"padding": 6}),
    NetworkLayer("many k5", "handwritten digits", 256, (28, 28), 1, 1, 5, 1, {"padding": 2}),
    NetworkLayer("tiny k3", "8x8 blocks", 1024, (8, 8), 1, 1, 3, 1, {"padding": 1}),
    NetworkLayer("RGB k5", RGB, 1, (512, 512), 3, 3, 5, 1, {"padding": 2}),
    NetworkLayer("RGB k5, 3 groups", RGB, 1, (512, 512), 3, 3, 5, 1, {"padding": 2, "groups": 3}),
    NetworkLayer("RGB to gray k9", RGB, 1, (256, 256), 3, 1, 9, 1, {"padding": 4}),
    NetworkLayer("4 to 4 k4 s2", RGB, 1, (128, 128), 4, 4, 4, 2, {"padding": 1}),
    NetworkLayer("signal k5", SIGNAL, 1, (1_000_000,), 1, 1, 5, 1, {"padding": 2}),
    NetworkLayer("signal k63", SIGNAL, 1, (100_000,), 1, 1, 63, 1, {"padding": 31}),
    NetworkLayer("signal k1023", SIGNAL, 1, (100_000,), 1, 1, 1023, 1, {"padding": 511}),
    NetworkLayer("signal k16 s4", SIGNAL, 1, (250_000,), 1, 1, 16, 4, {"padding": 6}),
    NetworkLayer("volume k3", VOLUME, 1, (64, 64, 64), 1, 1, 3, 1, {"padding": 1}),
    NetworkLayer("volume k5", VOLUME, 1, (48, 48, 48), 1, 1, 5, 1, {"padding": 2}),
    NetworkLayer("volume k4 s2", VOLUME, 1, (32, 32, 32), 1, 1, 4, 2, {"padding": 1}),
)


def method(name: str, layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """One of this package's methods, unless its intermediate array is too large."""
    if name == "overlap_add" and layer.needed // layer.y_ch > MAX_COLUMNS:
        raise NotRun(f"its columns would have more than {MAX_COLUMNS:.2g} entries")
    return own_method(name, layer, arrays, part)


def contenders() -> dict[str, Build]:
    """This package first."""
    methods = {f"jtconv {name}": partial(method, name) for name in METHODS}
    peers = {"torch": partial(torch, False), "torch channels last": partial(torch, True)} if find_spec("torch") else {}
    return {"jtconv": own, **methods, "lax": lax_flipped, **peers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each contender; default: 0.2")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all measurements to FILE, as JSON")
    arguments = parser.parse_args()

    def report(layer: dict, results: dict) -> None:
        print(_report.line(layer), flush=True)
        if arguments.out is not None:
            _run.save(results, arguments.out)

    common = {"dtype": "float32", "seconds": arguments.seconds, "parts": list(PARTS), "report": report}
    print("\n" + _report.markdown(_run.run(list(LAYERS), contenders(), **common)))


if __name__ == "__main__":
    main()
