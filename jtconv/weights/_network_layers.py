"""The layers of a network, and what torch's and Keras's files call them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Name:
    """A layer's name in a file; `dense` if its kernel is the matrix of a fully connected layer there."""

    layer: str
    dense: bool = False


@dataclass(frozen=True)
class Slot:
    """One layer of a network.

    Attributes:
      path: of the module in the network, with dots.
      names: per framework, what the layer may be called: first its own name, which is written.
      module: a `jtconv.nn.Conv` or `ConvTranspose`.
    """

    path: str
    names: dict[str, tuple[Name, ...]]
    module: Any


# The first two layers of VGG-16's classifier, in torchvision's, timm's and Keras's files, are the
# network's conv6 and conv7. timm has made convolutions of them.
_CLASSIFIER = {
    "conv6": {
        "torch": (Name("classifier.0", dense=True), Name("pre_logits.fc1")),
        "keras": (Name("fc1", dense=True),),
    },
    "conv7": {
        "torch": (Name("classifier.3", dense=True), Name("pre_logits.fc2")),
        "keras": (Name("fc2", dense=True),),
    },
}
_LAST = {"torch": ("classifier.6", "head.fc"), "keras": ("predictions",)}


def slots(model: Any) -> list[Slot]:
    """The layers of a `VGG16` or a fully convolutional network, in the order of their calls."""
    if not hasattr(model, "encoder"):
        return list(_encoder_slots(model.stages, ""))
    stages = model.encoder.stages
    head = (Slot(f"{layer}.conv", _head_names(layer), getattr(model, layer).conv) for layer in _CLASSIFIER)
    return [*_encoder_slots(stages, "encoder."), *head, *_decoder_slots(model.decoder, len(stages))]


def is_normalised(model: Any) -> bool:
    """Whether batch normalisations take the place of biases."""
    return getattr(model, "encoder", model).stages[0].convs[0].norm is not None


def layers_without_slot(model: Any, framework: str) -> tuple[str, ...]:
    """The layers of VGG-16's classifier that the model does not have."""
    if hasattr(model, "encoder"):
        return _LAST[framework]
    return (*(name.layer for names in _CLASSIFIER.values() for name in names[framework]), *_LAST[framework])


def _encoder_slots(stages: Any, prefix: str) -> Iterator[Slot]:
    position = 0  # in torchvision's list of convolutions, ReLUs and pools
    for i, stage in enumerate(stages):
        for j, block in enumerate(stage.convs):
            names = _names(torch=f"features.{position}", keras=f"block{i + 1}_conv{j + 1}")
            yield Slot(f"{prefix}stages.{i}.convs.{j}.conv", names, block.conv)
            position += 2
        position += 1


def _head_names(layer: str) -> dict[str, tuple[Name, ...]]:
    return {framework: (Name(layer), *names) for framework, names in _CLASSIFIER[layer].items()}


def _decoder_slots(decoder: Any, num_stages: int) -> Iterator[Slot]:
    if decoder.score is not None:
        yield Slot("decoder.score", _names(torch="score", keras="score"), decoder.score)
    for i, step in enumerate(decoder.steps):
        up, skip = f"up{i + 1}", f"skip_pool{num_stages - 1 - i}"
        yield Slot(f"decoder.steps.{i}.up", _names(torch=up, keras=up), step.up)
        yield Slot(f"decoder.steps.{i}.skip.conv", _names(torch=skip, keras=skip), step.skip.conv)
    last = f"up{len(decoder.steps) + 1}"
    yield Slot("decoder.up", _names(torch=last, keras=last), decoder.up)


def _names(**names: str) -> dict[str, tuple[Name, ...]]:
    return {framework: (Name(layer),) for framework, layer in names.items()}
