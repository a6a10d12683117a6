"""How files spell the names of parameters: "features.0.weight", "fc1/fc1_W_1:0"."""

import re
from collections.abc import Collection, Iterable

# Keras's words through its ages: names, Theano's letters, and the position in Keras 3's files.
_WORDS = {
    "torch": {"weight": "kernel", "bias": "bias"},
    "keras": {"kernel": "kernel", "bias": "bias", "W": "kernel", "b": "bias", "0": "kernel", "1": "bias"},
}


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


def read(framework: str, name: str, layers: Collection[str]) -> tuple[str, str] | None:
    """(one of `layers`, "kernel" or "bias") for the name of an entry; None if it is neither's."""
    parts = _torch(name) if framework == "torch" else _keras(name, layers)
    if parts is None:
        return None
    layer, word = parts
    known = _WORDS[framework]
    return (layer, known[word]) if layer in layers and word in known else None


def write(framework: str, layer: str, parameter: str) -> str:
    """The name that is written for a layer's "kernel" or "bias"."""
    if framework == "keras":
        return f"{layer}/{parameter}"
    return f"{layer}.{'weight' if parameter == 'kernel' else parameter}"


def is_parameter(name: str) -> bool:
    """Not, for the random state that Keras saves with a layer such as Dropout."""
    return "seed_generator" not in name


def _torch(name: str) -> tuple[str, str]:
    layer, _, word = name.rpartition(".")
    return layer, word


def _keras(name: str, layers: Collection[str]) -> tuple[str, str] | None:
    """fc1/kernel:0, fc1/fc1/kernel:0, vgg16/fc1/kernel:0, fc1/fc1_W_1:0 and fc1/0 all alike."""
    *groups, weight = name.removesuffix(":0").split("/")
    layer = next((group for group in groups if group in layers), None)
    if layer is None:
        return None
    return layer, re.sub(r"(?<=[A-Za-z])_\d+$", "", weight.removeprefix(f"{layer}_"))
