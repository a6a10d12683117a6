"""What is called: a layer, the arguments that say it in a peer's words, and its arrays."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

CHANNELS_FIRST = ("channels_first", "NC...", "NCL", "NCW", "NCHW", "NCDHW")

# Arguments that are counted in the report where they are given and are neither zero nor nothing.
COUNTED = (
    "mask", "output_padding", "output_shape", "output_size", "pads",
    "preferred_element_type", "dimension_numbers", "transpose_kernel", "use_consistent_padding",
)  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """Sizes of a transposed convolution from y_ch to x_ch channels; what else it has, the peers name differently."""

    y_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    x_per_group: int = 2
    y_per_group: int = 3
    batch: int = 2

    @property
    def ndim(self) -> int:
        return len(self.kernel_size)

    @property
    def x_ch(self) -> int:
        return self.groups * self.x_per_group

    @property
    def y_ch(self) -> int:
        return self.groups * self.y_per_group

    @property
    def features(self) -> set[str]:
        """What a table says of it."""
        names = {"strides": self.strides, "dilation": self.dilation, "groups": (self.groups,)}
        return {f"{self.ndim}-D"} | {name for name, values in names.items() if max(values, default=1) > 1}


@dataclass(frozen=True)
class Configuration:
    """One call of the peer's function, and of ours by the same name with the same arguments.

    Attributes:
      function: the name of both.
      layer: its sizes, which bound the number of terms that are added up.
      shapes: of the arrays, which are passed by position: the image, the kernel, perhaps a bias.
      arguments: the others, by keyword, in the peer's words.
      dtypes: one for all arrays, or one each.
      gradients: whether the gradients of all arrays are compared too.
      private: what the peer's file needs to make the call and the adapter is not told.
      computed: the dtype to compute in, where that is not the first array's.
      edge: whether it is a call that the peer refuses, or might.
    """

    function: str
    layer: Layer
    shapes: tuple[tuple[int, ...], ...]
    arguments: dict[str, Any]
    dtypes: tuple[str, ...] = ("float64",)
    gradients: bool = False
    seed: int = 0
    private: dict[str, Any] = field(default_factory=dict)
    computed: str = ""
    edge: bool = False

    def __str__(self) -> str:
        words = [f"{self.function} {' '.join(map(str, self.shapes))} {' '.join(self.dtypes)}"]
        return ", ".join([*words, *(f"{name}={value!r}" for name, value in self.arguments.items())])

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Normal random arrays: nothing is symmetric, no two axes are alike."""
        rng = np.random.default_rng(self.seed)
        dtypes = self.dtypes * len(self.shapes) if len(self.dtypes) == 1 else self.dtypes
        return tuple(normal(rng, shape, dtype) for shape, dtype in zip(self.shapes, dtypes, strict=True))

    def cotangent(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """What is pulled back for the gradients."""
        return normal(np.random.default_rng(self.seed + 1), shape, str(dtype))

    @property
    def dtype(self) -> str:
        """The dtype to compute in."""
        return self.computed or self.dtypes[0]

    @property
    def features(self) -> set[str]:
        """What it is counted under in the report."""
        if self.edge:
            return {"edge cases"}
        image, kernel, *bias = self.shapes
        kinds = {
            "gradients": self.gradients,
            "bias": bool(bias),
            "no batch axis": len(image) < len(kernel),
            "several batch axes": len(image) > len(kernel),
            "channels first": self.arguments.get("data_format") in CHANNELS_FIRST,
        }
        counted = {name for name in COUNTED if _is_given(self.arguments.get(name))}
        return self.layer.features | {self.dtype, *self._padding_words()} | {k for k, v in kinds.items() if v} | counted

    def _padding_words(self) -> set[str]:
        """The name of the padding or of its mode; "padding" where it is numbers, other than zeros."""
        given = [self.arguments.get(name, 0) for name in ("padding", "auto_pad", "padding_mode")]
        return {p.upper() if isinstance(p, str) else "padding" for p in given if _is_given(p)} - {"ZEROS", "NOTSET"}

    def with_dtype(self, dtype: str) -> "Configuration":
        """The same call with other arrays, and nothing said of their dtype."""
        others = {n: v for n, v in self.arguments.items() if n not in ("dtype", "preferred_element_type")}
        return replace(self, dtypes=(dtype,), computed="", arguments=others)

    def terms(self, pixels: int) -> tuple[int, ...]:
        """The most products added up in one number of the result and of each array's gradient.

        `pixels` are those of the result, over which a bias's gradient adds up.
        """
        taps, layer = math.prod(self.layer.kernel_size), self.layer
        positions = layer.batch * math.prod(layer.y_size)
        return (taps * layer.y_per_group + 1, taps * layer.x_per_group, positions, pixels)


def _is_given(value: Any) -> bool:
    """Whether an argument holds anything but None, False and zeros."""
    return any(np.any(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in jax.tree.leaves(value))


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    if dtype.startswith("int"):
        values = 8 * values
    return values.astype(jnp.dtype(dtype))
