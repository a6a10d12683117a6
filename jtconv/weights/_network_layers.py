"""The layers of a network, and what torch's and Keras's files call them: "features.0.weight", "fc1/fc1_W_1:0"."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple


class NetworkLayer(NamedTuple):
    """One layer of a network.

    Attributes:
      path: of the module in the network, with dots.
      module: a `jtconv.nn.Conv` or `ConvTranspose`.
      names: what the layer may be called in a framework's files; the first is written.
    """

    path: str
    module: Any
    names: tuple[str, ...]


# The first two layers of VGG-16's classifier, in torchvision's, timm's and Keras's files, are the
# network's conv6 and conv7. timm has made convolutions of them; the others are matrices.
_CLASSIFIER = {
    "torch": {"conv6": ("classifier.0", "pre_logits.fc1"), "conv7": ("classifier.3", "pre_logits.fc2")},
    "keras": {"conv6": ("fc1",), "conv7": ("fc2",)},
}
MATRICES = ("classifier.0", "classifier.3", "fc1", "fc2")
_LAST = {"torch": ("classifier.6", "head.fc"), "keras": ("predictions",)}

# Keras's words through its ages: names, Theano's letters, and the position in Keras 3's files.
_WORDS = {
    "torch": {"weight": "kernel", "bias": "bias"},
    "keras": {"kernel": "kernel", "bias": "bias", "W": "kernel", "b": "bias", "0": "kernel", "1": "bias"},
}


def network_layers(model: Any, framework: str) -> Iterator[NetworkLayer]:
    """The layers of a `VGG16` or a fully convolutional network, in the order of their calls."""
    encoder = getattr(model, "encoder", model)
    position = 0  # in torchvision's list of convolutions, ReLUs and pools
    for i, stage in enumerate(encoder.stages):
        for j, block in enumerate(stage.convs):
            path = f"{'' if encoder is model else 'encoder.'}stages.{i}.convs.{j}.conv"
            name = f"features.{position}" if framework == "torch" else f"block{i + 1}_conv{j + 1}"
            yield NetworkLayer(path, block.conv, (name,))
            position += 2
        position += 1
    if encoder is model:
        return
    for name, others in _CLASSIFIER[framework].items():
        yield NetworkLayer(f"{name}.conv", getattr(model, name).conv, (name, *others))
    decoder = model.decoder
    if decoder.score is not None:
        yield NetworkLayer("decoder.score", decoder.score, ("score",))
    for i, step in enumerate(decoder.steps):
        yield NetworkLayer(f"decoder.steps.{i}.up", step.up, (f"up{i + 1}",))
        skip = f"skip_pool{len(encoder.stages) - 1 - i}"
        yield NetworkLayer(f"decoder.steps.{i}.skip.conv", step.skip.conv, (skip,))
    yield NetworkLayer("decoder.up", decoder.up, (f"up{len(decoder.steps) + 1}",))


def passed_over(model: Any, framework: str) -> set[str]:
    """The layers of VGG-16's classifier that the model does not have."""
    classifier = () if hasattr(model, "encoder") else sum(_CLASSIFIER[framework].values(), ())
    return {*classifier, *_LAST[framework]}


def is_normalised(model: Any) -> bool:
    """Whether batch normalisations take the place of biases."""
    return getattr(model, "encoder", model).stages[0].convs[0].norm is not None


def framework_of(names: Iterable[str]) -> str | None:
    """ "torch", "keras" or "jtconv", by the first convolution of the network; None if it is not there."""
    for name in names:
        if name.startswith("features.0."):
            return "torch"
        if re.search(r"(^|/)block1_conv1/", name):
            return "keras"
        if re.match(r"(encoder\.)?stages\.0\.", name):
            return "jtconv"
    return None


def read_name(framework: str, name: str, layers: Collection[str]) -> tuple[str, str] | None:
    """(one of `layers`, "kernel" or "bias") for the name of an entry; None if it is neither's."""
    if framework == "torch":
        layer, _, word = name.rpartition(".")
    else:  # fc1/kernel:0, fc1/fc1/kernel:0, vgg16/fc1/kernel:0, fc1/fc1_W_1:0 and fc1/0 all alike
        *groups, weight = name.removesuffix(":0").split("/")
        layer = next((group for group in groups if group in layers), "")
        word = re.sub(r"(?<=[A-Za-z])_\d+$", "", weight.removeprefix(f"{layer}_"))
    known = _WORDS[framework]
    return (layer, known[word]) if layer in layers and word in known else None


def write_name(framework: str, layer: str, parameter: str) -> str:
    """Undo `read_name`; "jtconv" joins the two with a dot."""
    word = "weight" if framework == "torch" and parameter == "kernel" else parameter
    return f"{layer}{'/' if framework == 'keras' else '.'}{word}"
