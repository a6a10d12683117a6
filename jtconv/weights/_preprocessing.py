"""The preprocessing of pictures, which is part of the parameters' meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jtconv._arrays.checks import as_array
from jtconv._geometry import arguments as arg
from jtconv.weights._entries import checked_mapping

_MAX_CHANNELS = 10**6  # a number for each is kept
PREFIX = "preprocessing/"


@dataclass(frozen=True)
class Preprocessing:
    """(…, h, w, ch) with values 0 to 255 -> (picture[…, channels] · scale - mean) / std, float32.

    Attributes:
      channels: for each channel of the result, the channel of the picture that it comes from.
      scale: factor of the values.
      mean, std: subtracted from and divided into each channel of the result.

    >>> black = np.zeros((224, 224, 3), np.uint8)
    >>> Preprocessing.keras()(black)[0, 0]
    Array([-103.939, -116.779, -123.68 ], dtype=float32)
    """

    channels: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 1.0

    def __call__(self, picture: ArrayLike) -> Array:
        """The picture as the network expects it. Raises ValueError for another number of channels."""
        picture = as_array("picture", picture)
        if picture.ndim < 1 or picture.shape[-1] != len(self.channels):
            raise ValueError(
                f"`picture` must have axes (…, h, w, {len(self.channels)}), the number of channels that this "
                f"preprocessing is for, got shape {picture.shape}."
            )
        values = picture[..., jnp.asarray(self.channels)].astype(jnp.float32) * self.scale
        return (values - jnp.asarray(self.mean, jnp.float32)) / jnp.asarray(self.std, jnp.float32)

    @classmethod
    def keras(cls) -> Self:
        """Keras's VGG-16: RGB in, BGR minus the means of ImageNet, unscaled."""
        return cls((2, 1, 0), (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))

    @classmethod
    def torch(cls) -> Self:
        """torchvision's and timm's: RGB / 255, mean and standard deviation of ImageNet."""
        return cls((0, 1, 2), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1 / 255)

    def with_channels(self, in_ch: int) -> Self:
        """The same for a network whose first kernel was adapted from 3 to `in_ch` input channels.

        1: the averages over the channels, so that a grey picture stands for three alike. More:
        channel i as channel i % 3 of three, in the network's order.
        """
        in_ch = arg.at_least("in_ch", arg.integer("in_ch", in_ch), 1)
        if in_ch > _MAX_CHANNELS:
            raise ValueError(f"`in_ch` must be at most {_MAX_CHANNELS:,}, got {in_ch:,}.")
        if in_ch == len(self.channels):
            return self
        if in_ch == 1:
            return replace(self, channels=(0,), mean=(float(np.mean(self.mean)),), std=(float(np.mean(self.std)),))
        cyclic = [i % len(self.channels) for i in range(in_ch)]
        mean, std = (tuple(values[i] for i in cyclic) for values in (self.mean, self.std))
        return replace(self, channels=tuple(range(in_ch)), mean=mean, std=std)

    def entries(self) -> dict[str, np.ndarray]:
        """Its numbers as arrays, to be saved next to the parameters; `load_into` finds them."""
        return {
            f"{PREFIX}channels": np.asarray(self.channels, np.int32),
            f"{PREFIX}mean": np.asarray(self.mean, np.float64),
            f"{PREFIX}std": np.asarray(self.std, np.float64),
            f"{PREFIX}scale": np.asarray(self.scale, np.float64),
        }

    @classmethod
    def from_entries(cls, entries: Mapping[str, Any]) -> Self:
        """Undo `entries`; other names are passed over. Raises ValueError for entries at fault."""
        entries = checked_mapping("entries", entries)
        ours = {name.removeprefix(PREFIX): np.asarray(x) for name, x in entries.items() if name.startswith(PREFIX)}
        n = ours["channels"].size if "channels" in ours else 0
        shapes = {"channels": (n,), "mean": (n,), "std": (n,), "scale": ()}
        if {name: x.shape for name, x in ours.items()} != shapes or n == 0:
            raise ValueError(f"`entries` of {PREFIX}* must be channels (n,), mean (n,), std (n,) and scale ().")
        _check_numbers(ours)
        channels = tuple(int(c) for c in ours["channels"])
        if not all(0 <= c < n for c in channels):
            raise ValueError(f"`entries`: {PREFIX}channels must be in range({n}), got {channels}.")
        mean, std = (tuple(float(v) for v in ours[name]) for name in ("mean", "std"))
        return cls(channels, mean, std, float(ours["scale"]))


def _check_numbers(ours: Mapping[str, np.ndarray]) -> None:
    if not jnp.issubdtype(ours["channels"].dtype, jnp.integer):
        raise ValueError(f"`entries`: {PREFIX}channels must be integers, got {ours['channels'].dtype}.")
    for name in ("mean", "std", "scale"):
        array = ours[name]
        real = jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer)
        if not real or not np.isfinite(array.astype(np.float64)).all():
            raise ValueError(f"`entries`: {PREFIX}{name} must be real and finite, got {array.dtype} {array.tolist()}.")
    if (ours["std"] == 0).any():
        raise ValueError(f"`entries`: {PREFIX}std must not be 0, got {ours['std'].tolist()}.")
