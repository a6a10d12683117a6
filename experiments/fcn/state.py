"""The network, its optimiser, and one step of training as a function of arrays."""

from functools import cache, partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from experiments.fcn.config import Config, Network
from experiments.fcn.task import IGNORE, Batch, Signature
from jtconv.models import FCN8, FCN16, FCN32
from jtconv.weights import Preprocessing

NETWORKS = {"fcn8": FCN8, "fcn16": FCN16, "fcn32": FCN32}


class State(NamedTuple):
    """All that training changes."""

    parameters: nnx.State
    statistics: nnx.State  # running means and variances of the normalisations
    optimizer: Any


class Trainer(NamedTuple):
    """All that training does not change."""

    network: nnx.GraphDef
    preprocessing: Preprocessing
    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule


@cache  # so that a second run of the same configuration compiles nothing
def make_trainer(config: Config, signature: Signature) -> Trainer:
    learning_rate = schedule(config)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(learning_rate, weight_decay=config.optimizer.weight_decay, mask=is_kernel),
    )
    network = nnx.graphdef(abstract_network(config.network, signature))
    return Trainer(network, signature.preprocessing, optimizer, learning_rate)


# One program rather than one per kernel; since it runs once, it is not worth optimising: compiling
# it takes 4 s of CPU time without, 18 s with.
@partial(jax.jit, static_argnums=(0, 1), compiler_options={"xla_backend_optimization_level": 0})
def draw(config: Config, signature: Signature) -> State:
    """The state at step 0, as the seed has it."""
    network = make_network(config.network, signature, nnx.Rngs(config.seed))
    parameters, statistics = nnx.state(network, nnx.Param, ...)
    return State(parameters, statistics, make_trainer(config, signature).optimizer.init(parameters))


def abstract_network(network: Network, signature: Signature) -> nnx.Module:
    """The network with shapes in place of parameters: nothing is allocated."""
    return nnx.eval_shape(lambda: make_network(network, signature, nnx.Rngs(0)))


def make_network(network: Network, signature: Signature, rngs: nnx.Rngs) -> nnx.Module:
    return NETWORKS[network.decoder](
        signature.num_classes,
        in_ch=signature.in_ch,
        width=network.width,
        depths=network.depths,
        head_ch=network.head_ch,
        head_kernel=(3, 3),
        decoder_ch=network.decoder_ch,
        overlap=network.overlap,
        normalise=True,
        rngs=rngs,
    )


def schedule(config: Config) -> optax.Schedule:
    """Linear warm-up from zero, then a cosine down to a hundredth of the highest rate."""
    highest = config.optimizer.learning_rate
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=highest,
        # At least one step is left to the cosine, also where the share rounds up to all of them.
        warmup_steps=min(round(config.optimizer.warm_up * config.steps), config.steps - 1),
        decay_steps=config.steps,
        end_value=highest / 100,
    )


def is_kernel(parameters: nnx.State) -> Any:
    """Weight decay is for kernels: biases, scales and offsets have one axis."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, parameters)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def train_step(trainer: Trainer, state: State, batch: Batch) -> tuple[State, Array]:
    """One step down the mean cross-entropy of the pixels, and that mean before it."""
    gradient = jax.value_and_grad(partial(loss, trainer), has_aux=True)
    (value, statistics), slope = gradient(state.parameters, state.statistics, batch)
    update, optimizer = trainer.optimizer.update(slope, state.optimizer, state.parameters)
    parameters = optax.apply_updates(state.parameters, update)
    return State(cast(nnx.State, parameters), statistics, optimizer), value


def loss(trainer: Trainer, parameters: nnx.State, statistics: nnx.State, batch: Batch) -> tuple[Array, nnx.State]:
    """Mean cross-entropy over the pixels that have a class, and the statistics after this batch."""
    model: Any = nnx.merge(trainer.network, parameters, statistics, copy=True)
    model.train()
    logits = model(trainer.preprocessing(batch.images))
    return cross_entropy(logits, batch.labels), nnx.state(model, nnx.Not(nnx.Param))


def cross_entropy(logits: Array, labels: ArrayLike) -> Array:
    """Mean over the pixels whose label is not IGNORE; 0 if there is none."""
    # One-hot labels: the gradient of picking by index is a scatter, which XLA is slow to compile.
    # IGNORE is no class, so that its row is zero and its pixels add nothing.
    entropy = optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, logits.shape[-1]))
    return entropy.sum() / jnp.maximum(1, jnp.sum(jnp.asarray(labels) != IGNORE))


@partial(jax.jit, static_argnums=0)
def predict(trainer: Trainer, state: State, images: Array) -> Array:
    """The likeliest class of every pixel: (n, h, w, in_ch) -> (n, h, w)."""
    model: Any = nnx.merge(trainer.network, state.parameters, state.statistics, copy=True)
    model.eval()
    return jnp.argmax(model(trainer.preprocessing(images)), axis=-1)
