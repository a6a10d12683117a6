"""Labels of parameters for an optimiser: the part of the network, and the kind of parameter."""

from typing import Any

from flax import nnx

_PARTS = {"encoder": "encoder", "stages": "encoder", "conv6": "head", "conv7": "head", "decoder": "score"}


def parameter_groups(model: nnx.Module | nnx.State) -> nnx.State:
    """A label for each parameter, such as "encoder/kernel", for `optax.multi_transform`.

    The first half is "encoder", "head" (conv6 and conv7), "score" (the 1×1 convolutions of conv7
    and of the pools) or "upsample" (the transposed convolutions); the second "kernel", "bias", or
    "scale" where there is a batch normalisation.

    Args:
      model: a network of this package, or its parameters: `nnx.state(model, nnx.Param)`.

    Returns:
      A State of the structure of the parameters, or of the gradients, with labels in it.

    Raises TypeError for a `model` of another type, ValueError for parameters of another network.

    A frozen encoder, fixed interpolation, and biases at twice the rate:

    >>> import optax
    >>> from jtconv.models import FCN8
    >>> fixed, kernels, biases = optax.set_to_zero(), optax.sgd(1e-4, 0.9), optax.sgd(2e-4, 0.9)
    >>> transforms = {"encoder/kernel": fixed, "encoder/bias": fixed, "upsample/kernel": fixed}
    >>> transforms |= {"head/kernel": kernels, "score/kernel": kernels}
    >>> transforms |= {"head/bias": biases, "score/bias": biases}
    >>> optimizer = optax.multi_transform(transforms, parameter_groups)
    >>> model = nnx.eval_shape(lambda: FCN8.paper(21, rngs=nnx.Rngs(0)))
    >>> labels = parameter_groups(model)
    >>> labels.decoder.up.kernel.get_value()
    'upsample/kernel'
    """
    if not isinstance(model, nnx.Module | nnx.State):
        raise TypeError(f"`model` must be a network of jtconv.models or its state, got {type(model).__name__}.")
    state = model if isinstance(model, nnx.State) else nnx.state(model, nnx.Param)
    flat = nnx.to_flat_state(state)
    labels = [(path, _labelled(variable, _group(path))) for path, variable in flat]
    return nnx.from_flat_state(labels)


def _labelled(variable: Any, label: str) -> Any:
    """The label in place of the variable's value, which keeps the state's structure."""
    return variable.replace(label) if isinstance(variable, nnx.Variable) else label


def _group(path: tuple[Any, ...]) -> str:
    part = _PARTS.get(str(path[0]))
    if part is None:
        raise ValueError(
            f"`model` must be a network of jtconv.models, or its parameters, got one with a parameter "
            f"{'.'.join(map(str, path))!r}."
        )
    return f"{'upsample' if 'up' in path else part}/{path[-1]}"
