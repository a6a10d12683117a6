"""Which implementation computes a map: the one named, or the one that "auto" chooses for the platform."""

from typing import Any

from jax import Array
from jax.interpreters import mlir

from jtconv._arrays.checks import Precision
from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, Request
from jtconv._compute.merged_groups import merged
from jtconv._compute.registry import REGISTRY, choose
from jtconv._geometry.spec import ConvSpec


def request_for(ctx: mlir.LoweringRuleContext, spec: ConvSpec, platform: str | None) -> Request:
    """The request of a program that is being lowered for `platform`."""
    operands: Any = ctx.avals_in  # arrays, both
    callable_here = platform == CPU and _runs_here(ctx) and cpu.computes(spec, operands)
    return Request(spec, (operands[0].shape, operands[1].shape), platform, callable_here)


def compute(computes: str, request: Request, a: Array, b: Array, precision: Precision, method: str = "auto") -> Array:
    """The map `computes` of operands a and b."""
    if method != "auto":
        return REGISTRY[computes, method].run(a, b, request.spec, precision)
    if computes == "transposed":
        b, spec = merged(b, request)
        request = Request(spec, (a.shape, b.shape), request.platform, request.kernels_callable)
    return choose(computes, request).run(a, b, request.spec, precision)


def _runs_here(ctx: mlir.LoweringRuleContext) -> bool:
    """Whether the program is for this process, and XLA does not divide it among devices.

    The CPU kernels are known to this process alone, and as a whole.
    """
    if ctx.module_context.lowering_parameters.for_export:
        return False
    axes: Any = ctx.module_context.axis_context  # of one of three classes
    if hasattr(axes, "manual_axes"):
        return axes.manual_axes == frozenset(axes.mesh.axis_names)
    return getattr(axes, "num_devices", 1) == 1
