""".safetensors: a length, a JSON header, and the bytes of the arrays; read by its own package."""

from contextlib import ExitStack
from functools import partial

import jax.numpy as jnp
import numpy as np

from jtconv.weights._entry import Entry
from jtconv.weights._refusal import Refusal, needs

DTYPES = {
    **{f"F{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    **{f"I{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"U{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    "BF16": np.dtype(jnp.bfloat16),
    "BOOL": np.dtype(bool),
    "C64": np.dtype(np.complex64),
}


def entries(path: str, stack: ExitStack) -> dict[str, Entry]:
    """The arrays of the file by name, none of them read. Their places are checked when opened."""
    safetensors = needs("safetensors", path)
    file = stack.enter_context(safetensors.safe_open(path, framework="numpy"))
    found = {}
    for name in file.keys():  # noqa: SIM118 (not a dictionary)
        view = file.get_slice(name)
        if view.get_dtype() not in DTYPES:
            raise Refusal(path, f"its dtype is {view.get_dtype()}; only {', '.join(DTYPES)} are read", name)
        found[name] = Entry(tuple(view.get_shape()), DTYPES[view.get_dtype()], partial(file.get_tensor, name))
    return found


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    needs("safetensors.numpy", path).save_file(arrays, path)
