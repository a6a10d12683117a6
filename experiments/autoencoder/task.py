"""The interface of the four tasks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from experiments.autoencoder.network import Autoencoder, Shape

Pictures = NDArray[np.float32]  # (h, w, 3) in [0, 1], or with batch axes before
Method = Callable[[Pictures], NDArray]  # what is given (h, w, channels) -> a picture (h, w, 3)


class Task(ABC):
    """The input that a network gets of a photograph, and the picture made of its output."""

    name: ClassVar[str]
    shape: ClassVar[Shape]

    def __init__(self, photographs: list[Pictures]):
        """`photographs` are those to train on."""
        self.photographs = photographs

    def network(self, rngs: nnx.Rngs) -> Autoencoder:
        return Autoencoder(self.shape, rngs=rngs)

    @staticmethod
    def takes(photograph: Pictures) -> bool:
        """Whether the task is about such a photograph."""
        del photograph
        return True

    @abstractmethod
    def given(self, pictures: Pictures, rng: np.random.Generator) -> Pictures:
        """(…, h, w, 3) -> (…, h, w, in_ch): all that may be known of them."""

    @abstractmethod
    def restored(self, network: Autoencoder, given: Array) -> Array:
        """Pictures (n, h, w, 3) from what is given."""

    @abstractmethod
    def baselines(self) -> Mapping[str, Method]:
        """Other methods, by name, for one picture: the simplest first, the best known last."""

    def judged(self, given: Pictures) -> NDArray[np.bool_]:
        """The pixels (h, w) that PSNR is of."""
        return np.ones(given.shape[:2], bool)
