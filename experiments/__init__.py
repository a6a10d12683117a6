"""Experiments, one folder each; `fcn` is the training tool, and the files beside them are shared by several.

Shared files import only each other, `fcn` imports shared files, and the other experiments import both.
`checkerboards` also imports the layers of `upsampling`, and `inside` the scenes of `fcn8`.
"""

import sys
from importlib.util import find_spec

# Modules that the extra brings.
NEEDED = (
    "jax",
    "flax",
    "flatbuffers",
    "grain",
    "matplotlib",
    "optax",
    "orbax",
    "PIL",
    "skimage",
    "sklearn",
    "tqdm",
    "tyro",
)

if _missing := [name for name in NEEDED if find_spec(name) is None]:
    _what = (
        f"The experiments need {', '.join(_missing)}, which {sys.executable} does not have. In the repository's "
        "folder: pip install '.[experiments]', or make demo and then .venv/bin/python -m experiments.NAME."
    )
    if sys.argv[:1] == ["-m"]:  # run as a program: one line is enough
        sys.exit(_what)
    raise ImportError(_what)
