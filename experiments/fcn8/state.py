"""The network, its optimiser, and one step of training as a function of arrays."""

from functools import cache, partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from experiments.fcn8.config import Config
from experiments.fcn8.scenes import NUM_CLASSES, Scenes
from jtconv.models import FCN8, FCN16, FCN32

NETWORKS = {"fcn8": FCN8, "fcn16": FCN16, "fcn32": FCN32}


class State(NamedTuple):
    """All that training changes."""

    parameters: nnx.State
    statistics: nnx.State  # running means and variances of the normalisations
    optimizer: Any


class Trainer(NamedTuple):
    """All that training does not change."""

    network: nnx.GraphDef
    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule


@cache  # so that a second run of the same configuration compiles nothing
def make_trainer(config: Config) -> Trainer:
    learning_rate = schedule(config)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(learning_rate, weight_decay=config.weight_decay, mask=is_kernel),
    )
    return Trainer(nnx.graphdef(abstract_network(config)), optimizer, learning_rate)


# One program rather than one per kernel; since it runs once, it is not worth optimising: compiling
# it takes 4 s of CPU time without, 18 s with.
@partial(jax.jit, static_argnums=0, compiler_options={"xla_backend_optimization_level": 0})
def draw(config: Config) -> State:
    """The state at step 0, as the seed has it."""
    parameters, statistics = nnx.state(make_network(config), nnx.Param, ...)
    return State(parameters, statistics, make_trainer(config).optimizer.init(parameters))


def abstract_network(config: Config) -> nnx.Module:
    """The network with shapes in place of parameters: nothing is allocated."""
    return nnx.eval_shape(lambda: make_network(config))


def make_network(config: Config) -> nnx.Module:
    return NETWORKS[config.decoder](
        NUM_CLASSES,
        in_ch=1,
        width=config.width,
        depths=config.depths,
        head_ch=config.head_ch,
        head_kernel=(3, 3),
        decoder_ch=config.decoder_ch,
        overlap=config.overlap,
        normalise=True,
        rngs=nnx.Rngs(config.seed),
    )


def schedule(config: Config) -> optax.Schedule:
    """Linear warm-up from zero, then a cosine down to a hundredth of the highest rate."""
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=config.learning_rate,
        # At least one step is left to the cosine, also where the share rounds up to all of them.
        warmup_steps=min(round(config.warm_up * config.steps), config.steps - 1),
        decay_steps=config.steps,
        end_value=config.learning_rate / 100,
    )


def is_kernel(parameters: nnx.State) -> Any:
    """Weight decay is for kernels: biases, scales and offsets have one axis."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, parameters)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def train_step(trainer: Trainer, state: State, scenes: Scenes) -> tuple[State, Array]:
    """One step down the mean cross-entropy of the pixels, and that mean before it."""
    gradient = jax.value_and_grad(partial(loss, trainer.network), has_aux=True)
    (value, statistics), slope = gradient(state.parameters, state.statistics, scenes)
    update, optimizer = trainer.optimizer.update(slope, state.optimizer, state.parameters)
    parameters = optax.apply_updates(state.parameters, update)
    return State(cast(nnx.State, parameters), statistics, optimizer), value


def loss(
    network: nnx.GraphDef, parameters: nnx.State, statistics: nnx.State, scenes: Scenes
) -> tuple[Array, nnx.State]:
    """Mean cross-entropy over all pixels, and the statistics after this batch."""
    model = nnx.merge(network, parameters, statistics, copy=True)
    model.train()
    logits = model(scenes.images)
    # One-hot labels: the gradient of picking by index is a scatter, which XLA is slow to compile.
    entropy = optax.softmax_cross_entropy(logits, jax.nn.one_hot(scenes.labels, NUM_CLASSES))
    return entropy.mean(), nnx.state(model, nnx.Not(nnx.Param))


@partial(jax.jit, static_argnums=0)
def predict(trainer: Trainer, state: State, images: Array) -> Array:
    """The likeliest class of every pixel: (n, h, w, 1) -> (n, h, w)."""
    model = nnx.merge(trainer.network, state.parameters, state.statistics, copy=True)
    model.eval()
    return jnp.argmax(model(images), axis=-1)
