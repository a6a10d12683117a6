"""The rules by which JAX's own tools see a primitive of the family: each as for lax's convolution.

JAX keeps a table of rules for each tool. Where rules have a convention, such as the scale of Taylor coefficients, the
rule is JAX's own for a convolution, applied to our primitive. Debugging of NaN and infinity needs no rule: JAX checks
the results of what `apply_primitive` runs.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from jax import lax
from jax._src.checkify import error_checks  # no public name
from jax.ad_checkpoint import Recompute
from jax.experimental.jet import jet_rules
from jax.extend.core import JaxprEqn, Primitive, Var
from jax.interpreters.partial_eval import partial_eval_jaxpr_custom_rules

Staged = tuple[JaxprEqn | None, JaxprEqn | None, list[bool], list[bool], list[Var]]

# What rematerialisation policies ask: whether to save the result of a primitive, given its operands' types.
Policy = Any


def register_tools(primitive: Primitive) -> None:
    """Make a bilinear primitive known to `jet`, `checkify` and the policies of `jax.checkpoint`."""
    convolution = lax.conv_general_dilated_p
    jet_rules[primitive] = partial(jet_rules[convolution].func, primitive)
    error_checks[primitive] = partial(error_checks[convolution].func, primitive)
    partial_eval_jaxpr_custom_rules[primitive] = _rematerialisation


def _rematerialisation(saveable: Policy, unknown: Sequence[bool], at_hand: Sequence[bool], eqn: JaxprEqn) -> Staged:
    """Decide what the backward pass computes again.

    Args:
      saveable: the policy. JAX's own ones know convolutions by `lax.conv_general_dilated_p`, so they are asked about
        that one too.
      unknown: of each operand, whether the backward pass alone has it.
      at_hand: of each operand, whether the backward pass has it without its being saved.
      eqn: the operation.

    Returns:
      the operation in the forward pass and in the backward pass, or None; whether the result is unknown, and whether
      it is at hand; operands to save.
    """
    missing = [v for v, has in zip(eqn.invars, at_hand, strict=True) if isinstance(v, Var) and not has]
    if any(unknown):
        return None, eqn, [True], [True], missing
    kinds = [v.aval for v in eqn.invars]
    asked = (eqn.primitive, lax.conv_general_dilated_p)
    if all(saveable(primitive, *kinds, **eqn.params) in (False, Recompute) for primitive in asked):
        return eqn, eqn, [False], [True], missing
    return eqn, None, [False], [False], []
