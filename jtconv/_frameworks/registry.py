"""The table of frameworks, and one layer in the words of all of them."""

from dataclasses import dataclass

from jtconv._frameworks import equinox, flax, haiku, keras, lax, mlx, onnx, ours, paddle, tf, torch
from jtconv._frameworks.framework import Framework
from jtconv._frameworks.layer import Layer, NoEquivalent

FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        ours.FRAMEWORK,
        torch.FRAMEWORK,
        keras.FRAMEWORK,
        tf.FRAMEWORK,
        flax.NNX,
        flax.LINEN,
        lax.FRAMEWORK,
        onnx.FRAMEWORK,
        equinox.FRAMEWORK,
        haiku.FRAMEWORK,
        mlx.FRAMEWORK,
        paddle.FRAMEWORK,
    )
}


@dataclass(frozen=True)
class Equivalent:
    """A layer in a framework's words, or the reason why it has none.

    Attributes:
      call: the words, to paste; None where there are none.
      kernel_shape: shape of the kernel there; names stand for channels that are not known.
      kernel_reversed: whether its kernel is that of the convolution C reversed on every spatial axis.
      reason: why there are no words.
    """

    call: str | None
    kernel_shape: tuple[int | str, ...] = ()
    kernel_reversed: bool = False
    reason: str | None = None


def equivalents(layer: Layer) -> dict[str, Equivalent]:
    """Return the layer in every framework's words, or the reason why it has none there."""
    return {name: equivalent(framework, layer) for name, framework in FRAMEWORKS.items()}


def equivalent(framework: Framework, layer: Layer) -> Equivalent:
    """Return the layer in one framework's words, or the reason why it has none there."""
    if not framework.can_be_empty and layer.is_empty:
        return Equivalent(None, reason="the result is zero everywhere: all contributions are cropped")
    try:
        text = framework.write(layer)
    except NoEquivalent as error:
        return Equivalent(None, reason=str(error))
    return Equivalent(text, layer.kernel_shape(framework.layout), framework.layout.reversed)


def names() -> tuple[str, ...]:
    """Return every name under which calls are read: the frameworks' and their families'."""
    both = (name for framework in FRAMEWORKS.values() for name in (framework.name, framework.family) if name)
    return tuple(dict.fromkeys(both))


def called(name: str) -> list[Framework]:
    """Return the frameworks of a name or a family's name."""
    return [framework for framework in FRAMEWORKS.values() if name in (framework.name, framework.family)]
