"""A process that compiles for one device: `python -m jtconv.bench.ahead._worker DEVICE DUMP_FOLDER`.

It answers each line of JSON with one. A request names a function, as "module:function", and its arguments; the
function returns a `Compilable`. The first line that it writes tells that it is ready, or why not.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import jax
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

from jtconv.bench._programs import reason
from jtconv.bench.ahead import _count as count
from jtconv.bench.ahead._bundles import issued
from jtconv.bench.ahead._devices import DEVICES, Device, Nvidia, target_config
from jtconv.bench.ahead._hlo import Program
from jtconv.bench.ahead._programs import Compilable


def main(name: str, dump_folder: str) -> None:
    """Answer requests until there are no more."""
    answers = _own_output()
    try:
        sharding = SingleDeviceSharding(_absent(DEVICES[name]))
    except Exception as error:  # the compiler refuses the device, or is not of this JAX
        _say(answers, {"failed": reason(error)})
        return
    _say(answers, {"ready": True})
    for line in sys.stdin:
        _say(answers, _answer(json.loads(line), sharding, Path(dump_folder)))


def _own_output() -> TextIO:
    """Standard output for answers alone: what compilers print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def _absent(of: Device) -> Any:
    """A device to compile for."""
    if isinstance(of, Nvidia):
        target = {"target_config": target_config(of), "topology": "1x1x1"}
        return topologies.get_topology_desc(platform="cuda", **target).devices[0]
    return topologies.get_topology_desc(platform="tpu", topology_name=of.topology).devices[0]


def _answer(request: dict[str, Any], sharding: Any, dump_folder: Path) -> dict[str, Any]:
    module, _, function = request["program"].partition(":")
    try:
        return figures(
            getattr(importlib.import_module(module), function)(**request["arguments"]), sharding, dump_folder
        )
    except Exception as error:  # of the compiler, as a rule: a result too
        return {"failed": reason(error)}
    finally:
        for file in dump_folder.iterdir():
            file.unlink()


def figures(given: Compilable, sharding: Any, dump_folder: Path) -> dict[str, Any]:
    """Compile, and count what the program does."""
    arguments = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=sharding), given.arguments)
    lowered = given.function.lower(*arguments)
    start = time.perf_counter()
    compiled = lowered.compile()
    seconds = time.perf_counter() - start
    program, memory = Program(compiled.as_text()), compiled.memory_analysis()
    return {
        "operations": count.operations(program),
        "multiplications": count.multiplications(program),
        "needed": given.needed,
        "inserted_zeros": count.inserted_zeros(program),
        "temporary_bytes": memory.temp_size_in_bytes,
        "array_bytes": given.array_bytes,
        "compile_s": round(seconds, 2),
        **cycles(program, dump_folder),
    }


def cycles(program: Program, dump_folder: Path) -> dict[str, Any]:
    """The cycles of a TPU's program and where the number is from; nothing for other devices.

    The compiler has written the final schedule of every operation into the folder.
    """
    estimate = count.estimated_cycles(program)
    if estimate is None:
        return {}
    try:
        found = issued(dump_folder)
    except (KeyError, ValueError):  # no schedule, or not of the form that is read
        return {"cycles": estimate, "cycles_from": "estimate"}
    return {"cycles": found.bundles, "cycles_from": "bundles", "doubtful": found.doubtful, "estimated_cycles": estimate}


if __name__ == "__main__":
    main(*sys.argv[1:])
