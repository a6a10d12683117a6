"""A linear map as other libraries' linear operators. Each library is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import Array

from jtconv._arrays import checks
from jtconv._arrays.operands import LinearMap

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator


Shape = tuple[int, ...]


def to_scipy(operator: LinearMap) -> LinearOperator:
    """A `scipy.sparse.linalg.LinearOperator` that takes and returns NumPy arrays."""
    from scipy.sparse.linalg import LinearOperator

    dtype = np.dtype(checks.accumulator(operator.dtype))
    adjoint = operator.H

    def times(factor: LinearMap, v: Any) -> np.ndarray:
        v = np.asarray(v)
        # Copy, because a view of JAX's array would be read-only.
        return np.array(_times(factor, v.astype(np.result_type(v, dtype))))

    def matvec(v: Any) -> np.ndarray:
        return times(operator, v)

    def rmatvec(v: Any) -> np.ndarray:
        return times(adjoint, v)

    # `Any`, because SciPy's stubs declare an abstract class with other arguments.
    make: Any = LinearOperator
    return make(operator.shape, matvec=matvec, rmatvec=rmatvec, matmat=matvec, rmatmat=rmatvec, dtype=dtype)


def to_lineax(operator: LinearMap) -> Any:
    """A `lineax.FunctionLinearOperator` in which the kernel stays a leaf."""
    lineax = _library("lineax", "to_lineax")
    taken = jax.ShapeDtypeStruct((operator.shape[1],), operator.dtype)
    return lineax.FunctionLinearOperator(jax.tree_util.Partial(_times, operator), taken, closure_convert=False)


def to_pylops(operator: LinearMap, taken: Shape, given: Shape) -> Any:
    """A `pylops.LinearOperator` from images of shape `taken` to images of shape `given`, or on vectors."""
    pylops = _library("pylops", "to_pylops")
    return pylops.LinearOperator(Op=to_scipy(operator), dims=taken, dimsd=given)


@jax.jit
def _times(operator: LinearMap, v: Array) -> Array:
    return operator @ v


def _library(name: str, method: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # the library is installed, but one of its requirements is missing
            raise
        raise ImportError(f"`{method}` needs {name}, which is not installed: pip install {name}", name=name) from None
