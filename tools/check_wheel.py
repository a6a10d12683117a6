"""Check the installed wheel, in an environment that holds nothing else: see .ci/run."""

import importlib.metadata
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

# Prints what `import jtconv` adds to `import jax, numpy`: seconds and top-level modules.
IMPORT = """
import json, sys, time
import jax, numpy
before = set(sys.modules)
began = time.perf_counter()
import jtconv
seconds = time.perf_counter() - began
added = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([seconds, sorted(added - sys.stdlib_module_names)]))
"""
EXTRAS = ("flax", "matplotlib", "optax", "orbax-checkpoint", "scikit-learn", "tqdm", "tyro")


def main() -> None:
    installed = {d.name.lower().replace("_", "-") for d in importlib.metadata.distributions()}
    # Nothing of the extras is here, so whatever runs here needs none of them.
    assert not installed.intersection(EXTRAS), f"not a bare environment: {sorted(installed)}"
    print("Installed:", *sorted(installed))

    runs = [
        json.loads(subprocess.run([sys.executable, "-Ic", IMPORT], capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"`import jtconv` adds {min(run[0] for run in runs):.3f} s to `import jax` (best of 5)")
    print("and loads:", *runs[0][1])

    import jtconv

    site = Path(sysconfig.get_path("purelib"))
    home = Path(jtconv.__file__).parent
    assert home == site / "jtconv", f"imported from {home}, not from the installed wheel"
    assert (home / "py.typed").is_file(), "py.typed is not in the wheel"
    from jtconv.explorer import page

    assert "</html>" in page(), "the explorer's parts are not in the wheel"
    for private in ("benchmarks", "conftest.py", "experiments", "tests", "tools"):
        assert not (site / private).exists(), f"{private} is in the wheel"
    from jtconv._compute import cpu

    assert cpu.available(), "the wheel was built without the CPU kernels: is there a C++ compiler?"
    assert not list((home / "_compute" / "cpu").glob("*.h")), "the kernels' sources are in the wheel"
    print(f"jtconv {importlib.metadata.version('jtconv')} in {home}")


if __name__ == "__main__":
    main()
