"""One layer in every framework's words: the call to paste, or why there is none.

One file per framework: `write` gives the call, or raises `NoEquivalent` with the reason. Which
numbers a call stands for is known to `jtconv._dialects` alone: a call is written only if it reads
back as the layer. All in integers and strings; no framework is imported.
"""

from collections.abc import Callable

from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents import equinox, flax, haiku, keras, lax, onnx, ours, tf, torch
from jtconv._equivalents._layer import IN_CH as IN_CH
from jtconv._equivalents._layer import OUT_CH as OUT_CH
from jtconv._equivalents._layer import Equivalent as Equivalent
from jtconv._equivalents._layer import Layer as Layer

WRITERS: dict[str, Callable[[Layer], Equivalent]] = {
    "jtconv": ours.write,
    "torch": torch.write,
    "keras": keras.write,
    "tf": tf.write,
    "nnx": flax.write_nnx,
    "linen": flax.write_linen,
    "lax": lax.write,
    "onnx": onnx.write,
    "equinox": equinox.write,
    "haiku": haiku.write,
}


def equivalents(layer: Layer) -> dict[str, Equivalent]:
    """The layer in every framework's words, or the reason why it has none there."""
    return {name: _attempt(write, layer) for name, write in WRITERS.items()}


def _attempt(write: Callable[[Layer], Equivalent], layer: Layer) -> Equivalent:
    if write is not ours.write and layer.is_empty:
        return Equivalent(None, reason="the result is zero everywhere: all contributions are cropped")
    try:
        return write(layer)
    except NoEquivalent as error:
        return Equivalent(None, reason=str(error))
