"""Changes of the parameters, against formulas and NumPy loops."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import TINY
from flax import nnx
from numpy.testing import assert_allclose

from experiments.fcn.class_weights import balanced, class_weights
from experiments.fcn.config import Optimizer
from experiments.fcn.network import abstract_network
from experiments.fcn.optimizer import make_optimizer, schedule
from experiments.fcn.state import (
    State,
    averaged,
    cross_entropy,
    draw,
    is_finite,
    make_trainer,
    start_average,
    train_step,
)
from experiments.fcn.task import IGNORE, Batch
from experiments.fcn8.data import DigitScenes, DigitTask

pytestmark = pytest.mark.usefixtures("single_precision")

SIGNATURE = DigitTask.signature
PLAIN = replace(TINY, network=replace(TINY.network, normalise=False))
EPS = float(np.finfo(np.float32).eps)


def with_optimizer(config=PLAIN, **settings: Any):
    return replace(config, optimizer=Optimizer(**settings))


def random_like(config, seed):
    """Normal numbers in the shape of the parameters, and by name."""
    rng = np.random.default_rng(seed)
    parameters = nnx.state(abstract_network(config.network, SIGNATURE), nnx.Param)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), parameters)


def flat(parameters):
    return {
        ".".join(map(str, path)): np.asarray(x.get_value(), np.float64) for path, x in nnx.to_flat_state(parameters)
    }


def updates(config, gradients, parameters):
    """Return the update for each gradient in turn; the parameters stay."""
    optimizer = make_optimizer(config.optimizer, config.steps)
    step, state, result = jax.jit(optimizer.update), optimizer.init(parameters), []
    for gradient in gradients:
        update, state = step(gradient, state, parameters)
        result.append(flat(update))
    return result


# --- learning rate ---------------------------------------------------------------------------

FORMULAS = {
    "cosine": lambda t: 0.01 + 0.99 * (1 + np.cos(np.pi * t)) / 2,
    "poly": lambda t: (1 - t) ** 0.9,
    "constant": lambda t: 1.0,
}


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize(("warm_up", "steps"), [(0.25, 40), (0.0, 7)])
def test_schedule(kind, warm_up, steps):
    rate = schedule(Optimizer(schedule=kind, warm_up=warm_up, learning_rate=0.3), steps)
    first = round(warm_up * steps)
    for step in range(steps):
        share = step / first if step < first else FORMULAS[kind]((step - first) / (steps - first))
        assert_allclose(rate(step), 0.3 * share, rtol=1e-5)


def test_a_schedule_is_over_the_changes_of_the_parameters():
    accumulating, plain = (
        schedule(Optimizer(accumulate=4, schedule="poly"), 40),
        schedule(Optimizer(schedule="poly"), 10),
    )
    assert [accumulating(t) for t in range(10)] == [plain(t) for t in range(10)]


# --- one step --------------------------------------------------------------------------------


def test_sgd_has_momentum_decay_of_kernels_and_twice_the_rate_for_biases():
    settings: dict[str, Any] = {"learning_rate": 0.3, "momentum": 0.8, "weight_decay": 0.05, "bias_rate": 2.0}
    config = with_optimizer(kind="sgd", schedule="constant", warm_up=0, clip_norm=None, **settings)
    parameters, gradients = random_like(PLAIN, 0), [random_like(PLAIN, seed) for seed in (1, 2)]
    first, second = updates(config, gradients, parameters)
    p, (g, h) = flat(parameters), map(flat, gradients)
    assert {name.rsplit(".")[-1] for name in p} == {"kernel", "bias"}
    for name in p:
        decay, rate = (0.0, 0.6) if name.endswith("bias") else (0.05, 0.3)
        v = g[name] + decay * p[name]
        assert_allclose(first[name], -rate * v, atol=8 * EPS * np.abs(v).max(), err_msg=name)
        v = 0.8 * v + h[name] + decay * p[name]
        assert_allclose(second[name], -rate * v, atol=16 * EPS * np.abs(v).max(), err_msg=name)


def test_gradients_are_clipped_by_the_norm_of_what_is_learned():
    settings = {"kind": "sgd", "schedule": "constant", "warm_up": 0, "learning_rate": 1.0, "weight_decay": 0}
    config = with_optimizer(**settings, clip_norm=0.5, freeze_encoder=True)
    parameters, gradient = random_like(PLAIN, 0), random_like(PLAIN, 1)
    (update,) = updates(config, [gradient], parameters)
    learned = {name: x for name, x in flat(gradient).items() if not name.startswith("encoder")}
    norm = np.sqrt(sum(np.sum(x**2) for x in learned.values()))
    for name, x in learned.items():
        assert_allclose(update[name], -0.5 * x / norm, rtol=1e-5, err_msg=name)


def test_what_is_fixed_stays_to_the_bit_and_has_no_moments():
    config = with_optimizer(TINY, freeze_encoder=True, fixed_upsampling=True, bias_rate=2.0, warm_up=0)
    trainer, state = make_trainer(config, SIGNATURE), draw(config, SIGNATURE)
    before = [jax.tree.map(np.array, x) for x in state[:2]]
    moments = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(state.optimizer)[0]]
    assert not any("encoder" in name or "'up'" in name for name in moments)
    assert any("conv6" in name for name in moments)
    state, _ = train_step(trainer, state, batch_of(config, 1))
    for old, new in zip(before, state[:2], strict=True):
        old, new = flat(old), flat(new)
        for name in old:
            fixed = name.startswith("encoder") or ".up." in name
            assert np.array_equal(old[name], new[name]) == fixed, name


def batch_of(config, step):
    return Batch(*DigitScenes(config).batch(step))


@pytest.mark.parametrize("settings", [{}, {"kind": "sgd", "freeze_encoder": True, "bias_rate": 3.0}], ids=str)
def test_gradients_that_accumulate_are_one_gradient(settings):
    config = with_optimizer(replace(PLAIN, steps=30), **settings, warm_up=0, clip_norm=0.7)
    parameters, gradients = random_like(PLAIN, 0), [random_like(PLAIN, seed) for seed in range(1, 7)]
    means = [jax.tree.map(lambda *x: sum(x) / 3, *gradients[i : i + 3]) for i in (0, 3)]
    expected = updates(
        with_optimizer(replace(config, steps=10), **settings, warm_up=0, clip_norm=0.7), means, parameters
    )
    accumulating = replace(config, optimizer=replace(config.optimizer, accumulate=3))
    result = updates(accumulating, gradients, parameters)
    for i in (0, 1, 3, 4):
        assert not joined(result[i]).any()
    for whole, last in zip(expected, (result[2], result[5]), strict=True):
        # The mean is taken in another order, which AdamW's division by the second moment magnifies.
        assert_allclose(joined(last), joined(whole), atol=1e-5 * np.abs(joined(whole)).max())
        assert joined(whole).any()


def joined(arrays):
    return np.concatenate([x.ravel() for x in arrays.values()])


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_average_against_a_loop(accumulate):
    settings = Optimizer(average=0.3, accumulate=accumulate)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8, 2, 3)).astype(np.float32)  # of parameters and statistics, by step
    counts = np.arange(8, dtype=np.uint32)
    average = start_average(nnx.State({"p": values[0, 0]}), nnx.State({"s": values[0, 1], "count": counts[0]}))
    expected = values[0].astype(np.float64)
    for step in range(1, 8):
        states = nnx.State({"p": values[step, 0]}), nnx.State({"s": values[step, 1], "count": counts[step]})
        average = jax.jit(averaged, static_argnums=3)(average, *states, settings)
        if step % accumulate == 0:
            t = step // accumulate
            d = min(0.3, (1 + t) / (10 + t))
            expected = d * expected + (1 - d) * values[step]
    got = np.stack([np.asarray(average.parameters["p"]), np.asarray(average.statistics["s"])])
    # Four roundings a step, each of at most half a unit of the largest number.
    assert_allclose(got, expected, rtol=0, atol=7 * 2 * EPS * np.abs(values).max())
    assert average.statistics["count"] == 7  # what is no float is the newest


def test_what_does_not_change_is_its_own_average_to_the_bit():
    settings, values = Optimizer(average=0.999), np.random.default_rng(0).normal(size=1000).astype(np.float32)
    constant = nnx.State({"p": values}), nnx.State({})
    average = start_average(*constant)
    for _ in range(50):
        average = jax.jit(averaged, static_argnums=3)(average, *constant, settings)
    assert np.array_equal(np.asarray(average.parameters["p"]), values)


# --- the loss --------------------------------------------------------------------------------


def test_class_weights_against_numpy():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(2, 3, 5, 4)), rng.integers(4, size=(2, 3, 5)).astype(np.int32)
    labels[0, 1] = IGNORE
    weights = (0.5, 3.0, 0.0, 1.25)
    total = weight = 0.0
    for scores, label in zip(logits.reshape(-1, 4), labels.ravel(), strict=True):
        if label != IGNORE:
            total -= weights[label] * (scores[label] - np.log(np.exp(scores).sum()))
            weight += weights[label]
    assert_allclose(cross_entropy(jnp.asarray(logits, jnp.float32), labels, weights), total / weight, rtol=1e-5)


@pytest.mark.parametrize("weights", [None, (1.0, 2.0)])
def test_a_batch_without_labels_has_no_loss(weights):
    labels = np.full((1, 2, 3), IGNORE, np.int32)
    assert cross_entropy(jnp.ones((1, 2, 3, 2)), labels, weights) == 0


def test_balanced_weights_make_classes_count_alike():
    counts = np.array([900, 100, 0, 50, 7])
    weights = np.array(balanced(counts))
    assert_allclose((weights * counts)[[0, 1, 3, 4]], 75)  # the median


def test_a_class_that_was_not_counted_weighs_as_much_as_the_rarest():
    assert balanced([0, 30, 10, 20]) == (2.0, 2 / 3, 2.0, 1.0)
    assert balanced([0, 0]) == (1.0, 1.0)


def test_balanced_weights_are_of_the_batches():
    config = replace(TINY, class_weights="balanced", steps=3)
    counts = sum(np.bincount(batch_of(config, step).labels.ravel(), minlength=11) for step in (1, 2, 3))
    assert class_weights(config, DigitTask(config)) == balanced(counts)


def test_class_weights_are_one_per_class():
    config = replace(TINY, class_weights=(1.0, 2.0))
    with pytest.raises(ValueError, match="`class_weights` must be 11 numbers, one for each class, got 2"):
        class_weights(config, DigitTask(config))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_with_one_number_at_fault_is_not_finite(value):
    arrays = {"a": jnp.ones(3), "key": jax.random.key(0), "n": jnp.ones(2, jnp.int32)}
    state = State(nnx.State(arrays), nnx.State({}), ())
    assert is_finite(state)
    assert not is_finite(state._replace(optimizer=jnp.array([1.0, value])))


SETTINGS = {
    "momentum": 1.0,
    "clip_norm": 0.0,
    "bias_rate": -1.0,
    "accumulate": 0,
    "average": 1.0,
}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_a_setting_out_of_bounds_is_named(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be .* got {value}"):
        with_optimizer(**{name: value})


def test_steps_are_whole_accumulations():
    with pytest.raises(ValueError, match=r"`steps` must be a multiple of `accumulate` \(4\), got 6"):
        with_optimizer(accumulate=4)
