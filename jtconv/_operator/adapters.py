"""`ConvOperator` as other libraries' linear operators. Each library is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import Array

from jtconv._arrays import checks

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

    from jtconv._operator.conv_operator import ConvOperator

Shape = tuple[int, ...]


def to_scipy(operator: ConvOperator) -> LinearOperator:
    """NumPy arrays in and out."""
    from scipy.sparse.linalg import LinearOperator

    dtype = np.dtype(checks.accumulator(operator.dtype))
    adjoint = operator.H

    def times(factor: ConvOperator, v: Any) -> np.ndarray:
        v = np.asarray(v)
        # A copy, as JAX's own array would be read-only.
        return np.array(_times(factor, v.astype(np.result_type(v, dtype))))

    def matvec(v: Any) -> np.ndarray:
        return times(operator, v)

    def rmatvec(v: Any) -> np.ndarray:
        return times(adjoint, v)

    # Its own arguments: to type checkers the class is an abstract one, with others.
    make: Any = LinearOperator
    return make(operator.shape, matvec=matvec, rmatvec=rmatvec, matmat=matvec, rmatmat=rmatvec, dtype=dtype)


def to_lineax(operator: ConvOperator) -> Any:
    """A function with the operator for its first argument, so that the kernel stays a leaf."""
    lineax = _library("lineax", "to_lineax")
    taken = jax.ShapeDtypeStruct((operator.shape[1],), operator.dtype)
    return lineax.FunctionLinearOperator(jax.tree_util.Partial(_times, operator), taken, closure_convert=False)


def to_pylops(operator: ConvOperator, taken: Shape, given: Shape) -> Any:
    """Vectors, or images of the shapes `taken` and `given`."""
    pylops = _library("pylops", "to_pylops")
    return pylops.LinearOperator(Op=to_scipy(operator), dims=taken, dimsd=given)


@jax.jit
def _times(operator: ConvOperator, v: Array) -> Array:
    return operator @ v


def _library(name: str, method: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, and one that it needs is not
            raise
        raise ImportError(f"`{method}` needs {name}, which is not installed: pip install {name}", name=name) from None
