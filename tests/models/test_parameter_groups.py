"""Parameters by the group that an optimiser gives a rate to."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from numpy.testing import assert_allclose

from jtconv.models import FCN8, parameter_groups
from tests.models.networks import TINY, abstract, parameters, tiny

GROUPS = {
    "encoder.stages.0.convs.0.conv.kernel": "encoder/kernel",
    "encoder.stages.4.convs.0.conv.bias": "encoder/bias",
    "conv6.conv.kernel": "head/kernel",
    "conv7.conv.bias": "head/bias",
    "decoder.score.kernel": "score/kernel",
    "decoder.score.bias": "score/bias",
    "decoder.steps.0.up.kernel": "upsample/kernel",
    "decoder.steps.0.skip.conv.kernel": "score/kernel",
    "decoder.steps.1.skip.conv.bias": "score/bias",
    "decoder.up.kernel": "upsample/kernel",
}


def test_parameter_groups_by_name():
    model = abstract(lambda: FCN8.paper(3, rngs=nnx.Rngs(0), **TINY))
    state = nnx.state(model, nnx.Param)
    groups = parameter_groups(model)
    assert jax.tree.structure(groups) == jax.tree.structure(state) == jax.tree.structure(parameter_groups(state))
    labels = {".".join(map(str, path)): x.get_value() for path, x in nnx.to_flat_state(groups)}
    assert {name: labels[name] for name in GROUPS} == GROUPS
    assert set(labels.values()) == set(GROUPS.values())
    assert set(jax.tree.leaves(parameter_groups(model.encoder))) == {"encoder/kernel", "encoder/bias"}
    normalised = abstract(lambda: FCN8(3, normalise=True, rngs=nnx.Rngs(0), **TINY))
    assert "encoder/scale" in jax.tree.leaves(parameter_groups(normalised))
    other = nnx.Linear(1, 1, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"^`model` must be a network of jtconv.models.*'bias'"):
        parameter_groups(other)


def test_optimiser_tells_the_groups_apart():
    model = tiny(FCN8)
    rate = dict.fromkeys(GROUPS.values(), 0.0) | {"head/kernel": 0.5, "score/bias": 2.0}
    transforms: dict[Any, Any] = {group: optax.sgd(r) if r else optax.set_to_zero() for group, r in rate.items()}
    optimizer = nnx.Optimizer(model, optax.multi_transform(transforms, parameter_groups), wrt=nnx.Param)
    before = parameters(model)
    optimizer.update(model, jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param)))
    moved = {name: np.unique((before[name] - x).round(6)) for name, x in parameters(model).items()}
    for name, group in GROUPS.items():
        assert_allclose(moved[name], [rate[group]], err_msg=name)
