"""A running average of the parameters over the steps of training, which often scores better than the last."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from experiments.fcn.config import Optimizer


class Average(NamedTuple):
    """What is averaged: the statistics too, since they belong to the parameters."""

    parameters: nnx.State
    statistics: nnx.State
    batches: Array  # seen so far


def begin(parameters: nnx.State, statistics: nnx.State) -> Average:
    """Copies, since a step's arrays may be donated."""
    parameters, statistics = jax.tree.map(jnp.copy, (parameters, statistics))
    return Average(parameters, statistics, jnp.zeros((), jnp.int32))


def averaged(average: Average, parameters: nnx.State, statistics: nnx.State, settings: Optimizer) -> Average:
    """After a batch: a_t = d_t a_{t-1} + (1 - d_t) p_t, where the parameters have changed for the t-th time.

    d_t = min(average, (1 + t) / (10 + t)), so that those at the start are soon forgotten.
    """
    batches = average.batches + 1
    t = batches // settings.accumulate
    decay = jnp.minimum(settings.average, (1 + t) / (10 + t))
    decay = jnp.where(batches % settings.accumulate == 0, decay, 1.0)

    def mix(old: Any, new: Any) -> Any:
        # In this form what does not change, such as a frozen encoder, is its own average to the bit.
        return old + (1 - decay) * (new - old) if jnp.issubdtype(new.dtype, jnp.floating) else new

    parameters, statistics = jax.tree.map(mix, average[:2], (parameters, statistics))
    return Average(parameters, statistics, batches)
