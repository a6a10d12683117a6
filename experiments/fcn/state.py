"""The state of training, and one step of it as a function of arrays."""

from functools import partial
from typing import Any, NamedTuple, Self, cast

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from experiments.fcn.config import Config, Network, Optimizer
from experiments.fcn.network import abstract_network, make_network
from experiments.fcn.optimizer import make_optimizer, schedule
from experiments.fcn.placement import Placement, everywhere, settled
from experiments.fcn.task import IGNORE, Batch, Signature
from jtconv.weights import Preprocessing


class Average(NamedTuple):
    """The averages: of the statistics too, since they belong to the parameters."""

    parameters: nnx.State
    statistics: nnx.State
    batches: Array  # seen so far


def start_average(parameters: nnx.State, statistics: nnx.State) -> Average:
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


class State(NamedTuple):
    """The variables of training."""

    parameters: nnx.State
    statistics: nnx.State  # running means and variances of the normalisations, and the dropout's keys
    optimizer: Any
    average: Average | None = None

    def scored(self) -> Self:
        """The state that predicts: the average if there is one, without the optimiser's state."""
        chosen = self if self.average is None else self.average
        return type(self)(chosen.parameters, chosen.statistics, None)


class Trainer(NamedTuple):
    """The constants of training."""

    network: nnx.GraphDef
    preprocessing: Preprocessing
    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule  # by the number of changes of the parameters before
    settings: Optimizer = Optimizer()
    class_weights: tuple[float, ...] | None = None
    placement: Placement | None = None  # None: on one device


def make_trainer(
    config: Config,
    signature: Signature,
    class_weights: tuple[float, ...] | None = None,
    placement: Placement | None = None,
) -> Trainer:
    """Equal ones for configurations that differ in nothing that is compiled: a program is found again."""
    network = nnx.graphdef(abstract_network(config.network, signature))
    settings, steps = config.optimizer, config.steps
    optimizer, learning_rate = make_optimizer(settings, steps), schedule(settings, steps)
    return Trainer(network, signature.preprocessing, optimizer, learning_rate, settings, class_weights, placement)


def draw(config: Config, signature: Signature) -> State:
    """The state at step 0, as the seed has it, on one device."""
    return draw_state(*drawn_from(config, signature))


def abstract_state(config: Config, signature: Signature) -> State:
    """Shapes and dtypes of the state: nothing is drawn."""
    return draw_state.eval_shape(*drawn_from(config, signature))


def drawn_from(config: Config, signature: Signature) -> tuple[Network, Optimizer, int, int, Signature]:
    return config.network, config.optimizer, config.steps, config.seed, signature


# One program rather than one per kernel; since it runs once, it is not worth optimising: compiling
# it takes 4 s of CPU time without, 18 s with.
@partial(jax.jit, static_argnums=range(5), compiler_options={"xla_backend_optimization_level": 0})
def draw_state(network: Network, settings: Optimizer, steps: int, seed: int, signature: Signature) -> State:
    model = make_network(network, signature, nnx.Rngs(seed))
    return beginning(settings, steps, *nnx.state(model, nnx.Param, ...))


def beginning(settings: Optimizer, steps: int, parameters: nnx.State, statistics: nnx.State) -> State:
    """The state at step 0 with these parameters."""
    optimizer = make_optimizer(settings, steps).init(parameters)
    return State(parameters, statistics, optimizer, start_average(parameters, statistics) if settings.average else None)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def train_step(trainer: Trainer, state: State, batch: Batch) -> tuple[State, Array]:
    """One step down the mean cross-entropy of the pixels, and that mean before it."""
    gradient = jax.value_and_grad(partial(loss, trainer), has_aux=True)
    whole = everywhere(trainer.placement, state.parameters)
    (value, statistics), slope = gradient(whole, state.statistics, batch)
    slope = settled(trainer.placement, slope)
    update, optimizer = trainer.optimizer.update(slope, state.optimizer, state.parameters)
    parameters = cast(nnx.State, optax.apply_updates(state.parameters, update))
    average = state.average
    if average is not None:
        average = averaged(average, parameters, statistics, trainer.settings)
    return settled(trainer.placement, State(parameters, statistics, optimizer, average)), value


def loss(trainer: Trainer, parameters: nnx.State, statistics: nnx.State, batch: Batch) -> tuple[Array, nnx.State]:
    """Mean cross-entropy over the pixels that have a class, and the statistics after this batch."""
    model: Any = nnx.merge(trainer.network, parameters, statistics, copy=True)
    model.train()
    if trainer.settings.freeze_encoder:
        model.encoder.eval()  # with the statistics that it has
    logits = model(trainer.preprocessing(batch.images))
    return cross_entropy(logits, batch.labels, trainer.class_weights), nnx.state(model, nnx.Not(nnx.Param))


def cross_entropy(logits: Array, labels: ArrayLike, weights: tuple[float, ...] | None = None) -> Array:
    """Mean over the pixels whose label is not IGNORE, by the weights of their classes; 0 if there is none."""
    # One-hot labels: the gradient of picking by index is a scatter, which XLA is slow to compile.
    # IGNORE is no class, so that its row is zero and its pixels add nothing.
    hot = jax.nn.one_hot(labels, logits.shape[-1])
    entropy = optax.softmax_cross_entropy(logits, hot)
    if weights is None:
        return entropy.sum() / jnp.maximum(1, jnp.sum(jnp.asarray(labels) != IGNORE))
    weight = jnp.sum(hot * jnp.asarray(weights, hot.dtype), axis=-1)  # of each pixel
    total = weight.sum()
    return jnp.sum(weight * entropy) / jnp.where(total > 0, total, 1)


@jax.jit
def is_finite(state: State) -> Array:
    """Whether all numbers of the state are."""
    floats = [x for x in jax.tree.leaves(state) if jnp.issubdtype(x.dtype, jnp.floating)]
    return jnp.all(jnp.stack([jnp.isfinite(x).all() for x in floats]))
