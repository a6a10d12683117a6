"""A function of the user's own that changes training pictures and their masks."""

import traceback
from importlib import import_module
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from experiments.fcn.task import IGNORE, Sample


class OwnAugmentation:
    """Calls the function "module:function" as f(rng, picture, mask) -> (picture, mask), and checks what it returns.

    The picture is uint8 (h, w, channels), the mask int32 (h, w) of classes and 255; both are copies, which the
    function may change. With None for a name, samples stay as they are. Raises ValueError, also for what the
    function itself raises.
    """

    def __init__(self, name: str | None, num_classes: int):
        self.name, self.num_classes = name, num_classes
        self.function = None if name is None else load_function(name)

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        if self.function is None:
            return sample
        try:
            result = self.function(rng, sample.image.copy(), sample.labels.copy())
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
            raise self.at_fault(sample, "must not fail", what) from error
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise self.at_fault(sample, "must return (picture, mask)", f"a {type(result).__name__}")
        image, labels = (np.asarray(x) for x in result)
        self.check_like(sample, "picture", image, sample.image, np.uint8)
        self.check_like(sample, "mask", labels, sample.labels, np.integer)
        strange = labels[((labels < 0) | (labels >= self.num_classes)) & (labels != IGNORE)]
        if strange.size:
            rule = f"must return a mask of the classes 0 to {self.num_classes - 1} and {IGNORE}"
            raise self.at_fault(sample, rule, f"the value {strange[0]}")
        return Sample(image, labels.astype(np.int32), sample.name)

    def check_like(self, sample: Sample, what: str, got: NDArray, like: NDArray, kind: Any) -> None:
        if got.shape != like.shape or not np.issubdtype(got.dtype, kind):
            words = "uint8" if kind is np.uint8 else "integers"
            rule = f"must return the {what} as {words} of shape {like.shape}"
            raise self.at_fault(sample, rule, f"{got.dtype} of shape {got.shape}")

    def at_fault(self, sample: Sample, rule: str, got: str) -> ValueError:
        return ValueError(f"`augmentation` {self.name} {rule}, got {got} for the picture {sample.name}.")


def load_function(name: str) -> Any:
    """The function "module:function"; modules are found in the folder that the command is run in."""
    module_name, _, function_name = name.partition(":")
    try:
        module = import_module(module_name)
    except ImportError as error:
        what = f"cannot be imported ({error}): run the command in the folder that holds the module"
        raise ValueError(f"`augmentation` {name} {what}.") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ValueError(f"`augmentation` {name} must name a function: {module_name} has no {function_name}.")
    return function
