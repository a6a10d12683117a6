"""The parameters of whole networks, from and to other frameworks' names and layouts."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jtconv._geometry import arguments as arg
from jtconv.weights import _network_layers as names
from jtconv.weights import _parameter_specs as specs
from jtconv.weights._entries import checked_mapping, numbers
from jtconv.weights._normalised import all_folded
from jtconv.weights._preprocessing import PREFIX

Found = dict[specs.Key, str]  # the entry's name for each parameter of a layer


def network_from(entries: Mapping[str, Any], model: Any) -> dict[str, np.ndarray]:
    """A network's parameters from another framework's, by this library's names and in its layouts.

    Only the shapes of `model` are used: `nnx.eval_shape(lambda: FCN8.article(12, rngs=nnx.Rngs(0)))`
    will do. The entries' names tell where they come from:

    - torch: torchvision's VGG-16 (`features.0.weight`, …, `classifier.6.bias`), timm's
      (`pre_logits.fc1`, `head.fc`), and networks that continue `features.*` with `conv6`, `conv7`,
      `score` if there is one, `up1`, `skip_pool4`, `up2`, `skip_pool3`, `up3` (`.weight`, and
      `.bias` where there is one).
    - Keras: the layers `block1_conv1`, …, `fc1`, `fc2`, `predictions`, or the same `conv6` … `up3`,
      in any of its files' spellings: layer/kernel, layer/layer/kernel:0, layer/layer_W_1:0, layer/0.
    - This library's own, as `network_to` gives them.

    The entries decide which parts of a fully convolutional network are filled: VGG-16 without its
    classifier is the encoder; the first two layers of the classifier, reshaped, are conv6 and
    conv7; once there is a decoder's entry, all must be there. A classifier's layers that the model
    does not have are ignored.

    A first kernel of 3 input channels is adapted to a model that has others: 1 takes the sum, n
    take the three in turn, times 3 / n.

    Args:
      entries: arrays by name: `jtconv.weights.load`'s, or a state dict.
      model: `VGG16`, or an `FCN` such as `FCN8`; with `normalise`, by this library's names only.

    Raises TypeError for `entries` that are no mapping of strings; ValueError for an entry that holds no
    numbers and for names that are none of these, and one ValueError with all entries that
    are missing, not expected, or of a wrong shape or dtype.

    >>> from flax import nnx
    >>> from jtconv.models import VGG16
    >>> model = nnx.eval_shape(lambda: VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0)))
    >>> entries = {"features.0.weight": np.zeros((2, 3, 3, 3)), "features.0.bias": np.zeros(2)}
    >>> {name: x.shape for name, x in network_from(entries, model).items()}
    {'stages.0.convs.0.conv.kernel': (3, 3, 3, 2), 'stages.0.convs.0.conv.bias': (2,)}
    """
    _check_network(model)
    whole = all_folded("entries", checked_mapping("entries", entries))
    entries = {name: numbers("entries", name, x) for name, x in whole.items()}
    framework = _framework(entries, model)
    wanted = list(specs.parameter_specs(model, framework))
    found, problems = _find(entries, wanted, model, framework)
    chosen = {spec.ours: _choose(spec, found) for spec in _of_parts_there(wanted, found)}
    fitting = {}
    for ours, stored in chosen.items():
        name = found.pop(stored.key, None)
        expected = " or ".join(map(str, stored.shapes))
        if name is None:
            problems.append(f"missing: {names.write_name(framework, *stored.key)!r} {expected}")
            continue
        if tuple(entries[name].shape) not in stored.shapes:
            problems.append(f"misshapen: {_seen(entries, name)}, expected {expected}")
        if not jnp.issubdtype(entries[name].dtype, jnp.floating):
            problems.append(f"not floating: {name!r} is {entries[name].dtype}")
        fitting[ours] = (stored, name)
    problems += [f"unexpected: {_seen(entries, name)}" for name in found.values()]
    if problems:
        count = "1 entry" if len(problems) == 1 else f"{len(problems)} entries"
        whose = "this library's" if framework == "jtconv" else f"{framework}'s"
        lines = "\n  ".join(sorted(problems))
        raise ValueError(f"`entries`, by {whose} names, do not fit {type(model).__name__} in {count}:\n  {lines}")
    return {ours: stored.convert(np.asarray(entries[name])) for ours, (stored, name) in fitting.items()}


def network_to(model: Any, framework: str = "jtconv") -> dict[str, np.ndarray]:
    """Undo `network_from`: a network's parameters in the names and layouts of `framework`.

    "torch": `features.0.weight`, …, `conv6.weight`, `up1.weight`; a module with these names takes
    them by `load_state_dict`. "keras": `block1_conv1/kernel`, …; saved as `.h5`, a model with these
    layers takes them by `load_weights`. "jtconv": this library's own names, all that `model` holds.

    Raises ValueError for a model that is abstract, or normalised and `framework` not "jtconv".
    """
    arg.one_of("framework", framework, ("jtconv", *specs.LAYOUTS))
    _check_network(model)
    state = specs.flat_state(model)
    if any(map(specs.is_abstract, state.values())):
        raise ValueError("`model` must hold arrays, got one with shapes only.")
    if framework == "jtconv":
        return {name: np.asarray(variable) for name, variable in state.items()}
    _check_not_normalised(model, framework)
    arrays = {}
    for layer in names.network_layers(model, framework):
        for parameter in specs.parameters(layer.module):
            array = np.asarray(getattr(layer.module, parameter))
            stored = specs.LAYOUTS[framework].from_ours(array) if parameter == "kernel" else array
            arrays[names.write_name(framework, layer.names[0], parameter)] = stored
    return arrays


def _check_network(model: Any) -> None:
    from flax import nnx  # whoever has a network has it; layers and files do without

    if not isinstance(model, nnx.Module) or not hasattr(getattr(model, "encoder", model), "stages"):
        raise TypeError(f"`model` must be a network of jtconv.models, got {type(model).__name__}.")


def _framework(entries: Mapping[str, Any], model: Any) -> str:
    framework = names.framework_of(entries)
    if framework is None:
        raise ValueError(
            "`entries` must have the names of a VGG-16 or a fully convolutional network on it: features.0.weight "
            "(torch), block1_conv1/kernel (Keras) or stages.0.convs.0.conv.kernel, among others; "
            f"got {', '.join(list(entries)[:5]) or 'none'}."
        )
    if framework != "jtconv":
        _check_not_normalised(model, framework)
    return framework


def _check_not_normalised(model: Any, framework: str) -> None:
    if names.is_normalised(model):
        raise ValueError(
            f"`model` must be without normalisation for the names of {framework}: a network with `normalise=True` is "
            "read and written by this library's own names only."
        )


def _find(
    entries: Mapping[str, Any], wanted: list[specs.ParameterSpec], model: Any, framework: str
) -> tuple[Found, list[str]]:
    """The entries that a network of this kind may have, and complaints about the others."""
    skipped = set[str]() if framework == "jtconv" else names.passed_over(model, framework)
    layers = {stored.key[0] for spec in wanted for stored in spec.forms} | skipped
    found: Found = {}
    problems = []
    for name in entries:
        if name.startswith(PREFIX) or "seed_generator" in name:  # Keras saves the random state of a Dropout
            continue
        key = _own_key(name, model) if framework == "jtconv" else names.read_name(framework, name, layers)
        if key is None:
            problems.append(f"unexpected: {_seen(entries, name)}")
        elif key in found:
            problems.append(f"twice: {found[key]!r} and {name!r}")
        elif key[0] not in skipped:
            found[key] = name
    return found, problems


def _own_key(name: str, model: Any) -> specs.Key:
    """A VGG-16 by itself is the encoder of a fully convolutional network."""
    prefix = "encoder." if hasattr(model, "encoder") and name.startswith("stages.") else ""
    module, _, parameter = (prefix + name).rpartition(".")
    return module, parameter


def _of_parts_there(wanted: list[specs.ParameterSpec], found: Found) -> Iterator[specs.ParameterSpec]:
    """All of the encoder, and of the head and decoder if there is an entry for them."""
    there = {spec.part for spec in wanted for stored in spec.forms if stored.key in found} | {"encoder"}
    if "decoder" in there:
        there.add("head")
    return (spec for spec in wanted if spec.part in there)


def _choose(spec: specs.ParameterSpec, found: Found) -> specs.StoredAs:
    """The form whose layer is there; the layer's own name if none is."""
    layers = {layer for layer, _ in found}
    return next((stored for stored in spec.forms if stored.key[0] in layers), spec.forms[0])


def _seen(entries: Mapping[str, Any], name: str) -> str:
    return f"{name!r} {tuple(entries[name].shape)}"
