"""What is called: a layer, the arguments that say it in a peer's words, and its arrays."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

SIZES = {1: (4, 5, 6, 7), 2: (3, 4, 5), 3: (2, 3, 4)}


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
      features: what it is counted under in the report.
      gradients: whether the gradients of all arrays are compared too.
      private: what the peer's file needs to make the call and the adapter is not told.
      computed: the dtype to compute in, where that is not the first array's.
    """

    function: str
    layer: Layer
    shapes: tuple[tuple[int, ...], ...]
    arguments: dict[str, Any]
    dtypes: tuple[str, ...] = ("float64",)
    features: frozenset[str] = frozenset()
    gradients: bool = False
    seed: int = 0
    private: dict[str, Any] = field(default_factory=dict)
    computed: str = ""

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


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    if dtype.startswith("int"):
        values = 8 * values
    return values.astype(jnp.dtype(dtype))


def drawn_layers(
    rng: np.random.Generator, count: int, ndim: int, *, most_groups: int = 3, most_strides: int = 4
) -> Iterator[Layer]:
    """`count` random layers, whose sizes differ from axis to axis."""
    for _ in range(count):
        yield Layer(
            y_size=integers(rng.permutation(SIZES[ndim])[:ndim]),
            kernel_size=integers(rng.permutation([1, 2, 3, 4, 5][: 6 - ndim])[:ndim]),
            strides=integers(rng.integers(1, most_strides + 1, ndim)),
            dilation=integers(rng.choice([1, 1, 2, 3], ndim)),
            groups=int(rng.integers(1, most_groups + 1)),
            x_per_group=int(rng.integers(1, 4)),
            y_per_group=int(rng.integers(1, 4)),
            batch=int(rng.integers(1, 4)),
        )


def of_few_terms(layer: Layer, dtype: str) -> Layer:
    """With fewer channels in the types of 16 bits: their bound sees more, the fewer products there are."""
    most = {"bfloat16": 1, "float16": 2}.get(dtype, 3)
    return replace(layer, x_per_group=min(layer.x_per_group, most), y_per_group=min(layer.y_per_group, most))


def integers(values: Any) -> tuple[int, ...]:
    """As a tuple of Python's own ints."""
    return tuple(int(v) for v in values)


def int_or_tuple(rng: np.random.Generator, values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One int where all are equal, half of the time: frameworks repeat it over the axes."""
    return values[0] if len(set(values)) == 1 and rng.integers(2) else values
