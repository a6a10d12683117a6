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
    optimizer = CORES[settings.kind](settings, schedule(settings, steps))
    if settings.clip_norm is not None:
        optimizer = optax.chain(optax.clip_by_global_norm(settings.clip_norm), optimizer)
    if settings.accumulate > 1:
        optimizer = optax.MultiSteps(optimizer, settings.accumulate).gradient_transformation()
    if settings.freeze_encoder or settings.fixed_upsampling:
        # What is fixed has no moments, no part in the norm, and its gradient is not even computed.
        parts: dict[Hashable, optax.GradientTransformation] = {True: optimizer, False: optax.set_to_zero()}
        optimizer = optax.multi_transform(parts, is_learned(settings))
    if settings.bias_rate != 1:
        optimizer = optax.chain(optimizer, optax.masked(optax.scale(settings.bias_rate), is_bias))
    return optimizer


def adamw(settings: Optimizer, learning_rate: optax.Schedule) -> optax.GradientTransformation:
    return optax.adamw(learning_rate, weight_decay=settings.weight_decay, mask=is_kernel)


def sgd(settings: Optimizer, learning_rate: optax.Schedule) -> optax.GradientTransformation:
    """SGD like Caffe's: the decay is part of the gradient that the momentum remembers."""
    decay = optax.add_decayed_weights(settings.weight_decay, mask=is_kernel)
    return optax.chain(decay, optax.sgd(learning_rate, momentum=settings.momentum))


CORES = {"adamw": adamw, "sgd": sgd}


@cache
def schedule(settings: Optimizer, steps: int) -> optax.Schedule:
    """The learning rate by the number of changes before: a linear rise from zero, then a decay."""
    total = steps // settings.accumulate
    # At least one step is left to the decay, also where the share rounds up to all of them.
    warm_up = min(round(settings.warm_up * total), total - 1)
    return SCHEDULES[settings.schedule](settings.learning_rate, warm_up, total)


def cosine(highest: float, warm_up: int, total: int) -> optax.Schedule:
    """Down to a hundredth of the highest rate."""
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0, peak_value=highest, warmup_steps=warm_up, decay_steps=total, end_value=highest / 100
    )


def poly(highest: float, warm_up: int, total: int) -> optax.Schedule:
    """highest · (1 - t/T)^0.9, to zero."""
    return after_warm_up(optax.polynomial_schedule(highest, 0.0, POWER, total - warm_up), highest, warm_up)


def constant(highest: float, warm_up: int, total: int) -> optax.Schedule:
    del total
    return after_warm_up(optax.constant_schedule(highest), highest, warm_up)


def after_warm_up(decay: optax.Schedule, highest: float, warm_up: int) -> optax.Schedule:
    return optax.join_schedules([optax.linear_schedule(0.0, highest, warm_up), decay], [warm_up]) if warm_up else decay


SCHEDULES = {"cosine": cosine, "poly": poly, "constant": constant}


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
