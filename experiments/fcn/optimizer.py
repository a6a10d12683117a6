"""The optimiser: from gradients to changes of the parameters."""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import jax
import optax
from flax import nnx

from experiments.fcn.config import Optimizer
from jtconv.models import parameter_groups

POWER = 0.9  # of the "poly" schedule


@cache  # so that programs that were compiled with it are found again
def make_optimizer(settings: Optimizer, steps: int) -> optax.GradientTransformation:
    """Clipping, then AdamW or SGD, over the parameters that are learned."""
    rate, decay = schedule(settings, steps), settings.weight_decay
    if settings.kind == "adamw":
        optimizer = optax.adamw(rate, weight_decay=decay, mask=is_kernel)
    else:  # like Caffe's: the decay is part of the gradient that the momentum remembers
        momentum = optax.sgd(rate, momentum=settings.momentum)
        optimizer = optax.chain(optax.add_decayed_weights(decay, mask=is_kernel), momentum)
    if settings.clip_norm is not None:
        optimizer = optax.chain(optax.clip_by_global_norm(settings.clip_norm), optimizer)
    if settings.accumulate > 1:
        optimizer = optax.MultiSteps(optimizer, settings.accumulate).gradient_transformation()
    if settings.freeze_encoder or settings.fixed_upsampling:
        # Fixed parameters have no moments and no part in the norm, and their gradient is not even computed.
        parts: dict[Hashable, optax.GradientTransformation] = {True: optimizer, False: optax.set_to_zero()}
        optimizer = optax.multi_transform(parts, is_learned(settings))
    if settings.bias_rate != 1:
        optimizer = optax.chain(optimizer, optax.masked(optax.scale(settings.bias_rate), is_bias))
    return optimizer


@cache
def schedule(settings: Optimizer, steps: int) -> optax.Schedule:
    """The learning rate by the number of changes before: a linear rise from zero, then a decay."""
    total, highest = steps // settings.accumulate, settings.learning_rate
    # At least one step is left to the decay, also where the share rounds up to all of them.
    warm_up = min(round(settings.warm_up * total), total - 1)
    if settings.schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(0.0, highest, warm_up, total, highest / 100)
    if settings.schedule == "poly":
        decay = optax.polynomial_schedule(highest, 0.0, POWER, total - warm_up)
    else:
        decay = optax.constant_schedule(highest)
    return optax.join_schedules([optax.linear_schedule(0.0, highest, warm_up), decay], [warm_up]) if warm_up else decay


def is_kernel(parameters: nnx.State) -> Any:
    """Weight decay is for kernels: biases, scales and offsets have one axis."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, parameters)


def is_bias(parameters: nnx.State) -> Any:
    return jax.tree.map(lambda label: label.endswith("/bias"), parameter_groups(parameters))


def is_learned(settings: Optimizer) -> Callable[[nnx.State], Any]:
    """A mask of the parameters that change."""
    frozen = ("encoder",) if settings.freeze_encoder else ()
    frozen += ("upsample",) if settings.fixed_upsampling else ()

    def mask(parameters: nnx.State) -> Any:
        return jax.tree.map(lambda label: label.split("/")[0] not in frozen, parameter_groups(parameters))

    return mask
