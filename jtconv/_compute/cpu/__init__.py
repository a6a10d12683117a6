"""C, Cᵀ and the kernel's gradient by CPU kernels of our own, called by XLA, for padding with zeros.

XLA's own CPU convolutions multiply by inserted zeros, leave their fast path in gradients, and
write columns and blocks to memory that need not exist; compositions of its products still write
some. The C++ beside this file is compiled when jtconv is installed and there is a compiler;
without it everything works, by XLA alone. May import `_arrays` and `_geometry`.
"""

import ctypes
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import accumulator
from jtconv._arrays.sharding import whole_like
from jtconv._geometry.spec import ConvSpec

_NAMES = ("jtconv_forward", "jtconv_transposed", "jtconv_kernel_gradient")
_MAX_AXES = 3


@cache
def available() -> bool:
    """Whether the kernels were compiled, and can be loaded. The first call makes them known to XLA."""
    files = sorted(Path(__file__).parent.glob("library*.so"))
    if not files:
        return False
    try:
        library = ctypes.CDLL(str(files[0]))
        for name in _NAMES:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    except (OSError, AttributeError, jax.errors.JaxRuntimeError) as error:
        warnings.warn(f"jtconv computes by XLA, as its CPU kernels cannot be loaded: {error}", stacklevel=2)
        return False
    return True


def computes(spec: ConvSpec, operands: Sequence[Any]) -> bool:
    """Whether the kernels are there, and made for such a layer; `operands` have shapes and dtypes."""
    real = all(jnp.issubdtype(operand.dtype, jnp.floating) for operand in operands)
    empty = any(0 in operand.shape for operand in operands)
    return real and not empty and 1 <= spec.ndim <= _MAX_AXES and available()


def forward(x: Array, kernel: Array, spec: ConvSpec) -> Array:
    """C of layers that `spec` describes one of: (layers, N, *input_size, in_ch), (layers, *kernel_size, ...) -> y."""
    return _call("jtconv_forward", x, kernel, (*x.shape[:2], *spec.output_size, kernel.shape[-1]), spec)


def transposed(y: Array, kernel: Array, spec: ConvSpec) -> Array:
    """Cᵀ of layers: (layers, N, *output_size, out_ch), (layers, *kernel_size, ...) -> x."""
    shape = (*y.shape[:2], *spec.input_size, kernel.shape[-2] * spec.groups)
    return _call("jtconv_transposed", y, kernel, shape, spec)


def kernel_gradient(x: Array, y: Array, spec: ConvSpec) -> Array:
    """The kernels' gradients of layers: x, y -> (layers, *kernel_size, in_ch // groups, out_ch)."""
    shape = (x.shape[0], *spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])
    return _call("jtconv_kernel_gradient", x, y, shape, spec)


def _call(name: str, a: Array, b: Array, shape: tuple[int, ...], spec: ConvSpec) -> Array:
    """Products and sums in full precision, whatever is allowed; half precision is computed in float32."""
    if not available():
        raise RuntimeError(
            "jtconv was installed without its CPU kernels: install it again where there is a C++ compiler"
        )
    wide = accumulator(a.dtype)
    call = jax.ffi.ffi_call(name, whole_like(a, shape, wide))
    return call(a.astype(wide), b.astype(wide), **_attributes(spec)).astype(a.dtype)


def _attributes(spec: ConvSpec) -> dict[str, Any]:
    return {
        "strides": np.array(spec.strides, np.int64),
        "lows": np.array([lo for lo, _ in spec.pads], np.int64),
        "dilation": np.array(spec.dilation, np.int64),
        "groups": np.int64(spec.groups),
    }


available()  # now, for programs that were compiled and saved by another process
