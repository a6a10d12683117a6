"""A JAX primitive for a bilinear map: its types, its batching, and its lowering for every platform."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax import Array
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.interpreters.xla import apply_primitive

from jtconv._arrays.sharding import result_type, with_auto_axes
from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, OTHER, Request
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives.batching import ShapeRule, batch_rule
from jtconv._primitives.dispatch import platforms
from jtconv._primitives.divided import divided, with_devices
from jtconv._primitives.lax_only import ReplaceablePrimitive
from jtconv._primitives.tools import register_tools

Compute = Callable[..., Array]  # (request, operand, operand, and the parameters but for spec) -> result


def bilinear_primitive(
    name: str, roles: str, compute: Compute, shape: ShapeRule, alone: Compute | None = None
) -> Primitive:
    """A primitive with everything but its derivatives.

    `roles` says which of x, w (the kernel) and y the two operands and the result are. `alone` takes the place of
    `compute` within `lax_only`.
    """

    def replacement(a: Array, b: Array, *, spec: ConvSpec, **params: Any) -> Array:
        request = Request(spec, (a.shape, b.shape), OTHER)
        result, _ = primitive.abstract_eval(jax.typeof(a), jax.typeof(b), spec=spec, **params)
        return with_auto_axes(partial(alone or compute, request, **params), result.sharding)(a, b)

    primitive = ReplaceablePrimitive(name, replacement)
    primitive.def_abstract_eval(lambda a, b, *, spec, **_: result_type(a, b, roles, spec, shape(a, b, spec)))
    primitive.def_impl(partial(apply_primitive, primitive))
    for platform in platforms():
        rule = _lowering_rule(compute, platform)
        dividing = _dividing_rule(primitive, roles, rule) if platform == CPU else rule
        mlir.register_lowering(primitive, dividing, platform=platform)
    batching.primitive_batchers[primitive] = batch_rule(primitive, roles, shape)
    register_tools(primitive)
    return primitive


def link_derivatives(
    primitives: tuple[Primitive, Primitive, Primitive],
    forward: Callable[..., Array],
    transposed: Callable[..., Array],
    kernel_gradient: Callable[..., Array],
) -> None:
    """Make C, Cᵀ and the kernel's gradient each other's derivatives.

    The three functions bind the three primitives, and take their parameters by name.
    """
    of_forward, of_transposed, of_gradient = primitives
    # The transposes in each operand; `ct` is the cotangent of the result. No derivative depends on the method.
    ad.defbilinear(
        of_forward,
        lambda ct, _, kernel, **params: transposed(ct, kernel, **params),
        lambda ct, x, _, **params: kernel_gradient(x, ct, **params),
    )
    ad.defbilinear(
        of_transposed,
        lambda ct, _, kernel, *, method, **params: forward(ct, kernel, **params),
        lambda ct, y, _, *, method, **params: kernel_gradient(ct, y, **params),
    )
    ad.defbilinear(
        of_gradient,
        lambda ct, _, y, **params: transposed(y, ct, **params),
        lambda ct, x, _, **params: forward(x, ct, **params),
    )


def _request_for(ctx: mlir.LoweringRuleContext, spec: ConvSpec, platform: str | None) -> Request:
    """The request of a program that is being lowered for `platform`."""
    operands: Any = ctx.avals_in  # arrays, both
    callable_here = platform == CPU and _runs_here(ctx) and cpu.computes(spec, operands)
    return Request(spec, (operands[0].shape, operands[1].shape), platform, callable_here)


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


def _lowering_rule(compute: Compute, platform: str | None) -> mlir.LoweringRule:
    def rule(ctx: mlir.LoweringRuleContext, a: Any, b: Any, *, spec: Any, **params: Any) -> Any:
        request: Request = _request_for(ctx, spec, platform)
        (result,) = ctx.avals_out
        run = with_auto_axes(partial(compute, request, **params), result.sharding)
        return mlir.lower_fun(run, multiple_results=False)(ctx, a, b)

    return rule


def _dividing_rule(primitive: Primitive, roles: str, within_device: mlir.LoweringRule) -> mlir.LoweringRule:
    """The rule for programs that XLA divides among devices: what each device computes is lowered as a map again."""

    def rule(ctx: mlir.LoweringRuleContext, a: Any, b: Any, *, spec: Any, **params: Any) -> Any:
        on_mesh = with_devices(ctx)
        if on_mesh is None:
            return within_device(ctx, a, b, spec=spec, **params)
        operands: Any = ctx.avals_in
        (result,) = ctx.avals_out
        shapes = (operands[0].shape, operands[1].shape)

        def part(a: Array, b: Array, spec: ConvSpec) -> Array:
            return primitive.bind(a, b, spec=spec, **params)

        run = with_auto_axes(divided(part, roles, spec, shapes), result.sharding)
        return mlir.lower_fun(run, multiple_results=False)(on_mesh, a, b)

    return rule
