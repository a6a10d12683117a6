"""`Implementation`, one way of computing one map, and `Request`, the facts that "auto" chooses by."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from jtconv._arrays.padding import Run
from jtconv._geometry.open_sizes import any_open, is_open
from jtconv._geometry.spec import ConvSpec

Shape = tuple[int, ...]

CPU = "cpu"
GPUS = ("cuda", "rocm")
TPU = "tpu"
OTHER = None  # every platform that no implementation names
ANYWHERE = (CPU, OTHER)

# Numbers that stand for open sizes in a choice. Positions are few: what is right for few is rarely wrong for many, but
# XLA swaps an image with a kernel that is larger (see vjp.py).
OPEN_BATCH = 8  # images
OPEN_OUTPUTS = 16  # positions of an axis of y


@dataclass(frozen=True)
class Request:
    """A map to be computed: every fact that the choice may depend on. None of them is a measurement.

    Attributes:
      spec: the convolution.
      shapes: of the two operands; in an exported program the batch and the image's sizes may be open.
      platform: as JAX names it, if an implementation names it too; else `OTHER`.
      kernels_callable: whether the CPU kernels are compiled, compute such a layer, and the program runs here.
      is_estimate: whether numbers stand for open sizes.
    """

    spec: ConvSpec
    shapes: tuple[Shape, Shape]
    platform: str | None
    kernels_callable: bool = False
    is_estimate: bool = False

    @property
    def is_open(self) -> bool:
        """Whether `jax.export` leaves a size open."""
        return any_open((*self.shapes[0], *self.shapes[1]))

    def estimated(self) -> "Request":
        """The same request with numbers for open sizes, since a choice compares sizes.

        The axes of `spec` are settled.
        """
        if not self.is_open:
            return self
        spec, numbers = self.spec, {}
        for i, o, s in zip(spec.input_size, spec.output_size, spec.strides, strict=True):
            if is_open(o):
                numbers |= {o: OPEN_OUTPUTS, i: i - s * o + s * OPEN_OUTPUTS}
        shapes = tuple(tuple(numbers.get(n, OPEN_BATCH) if is_open(n) else n for n in shape) for shape in self.shapes)
        i, o = (tuple(numbers.get(n, n) for n in sizes) for sizes in (spec.input_size, spec.output_size))
        return replace(self, spec=replace(spec, input_size=i, output_size=o), shapes=shapes, is_estimate=True)


@dataclass(frozen=True)
class Implementation:
    """One way of computing one of the three maps, as a row of the registry.

    Attributes:
      name: unique among those that compute the same map.
      computes: "forward" (x, kernel -> y), "transposed" (y, kernel -> x) or "kernel_gradient" (x, y -> kernel).
      run: (operand, operand, spec, precision) -> result, all arguments checked.
      platforms: where "auto" may take it, as JAX names them ("cuda"); with `OTHER`, everywhere but on a CPU. Empty if
        it is taken by its name only.
      supports: whether "auto" may take it for a request on these platforms.
      cost: "auto" takes the implementation of the lowest cost. The unit is floats moved on a CPU, and multiplications
        over those needed on a GPU; on a TPU it is a rank. 0 if it is nearly always the best where it is supported, less
        if it comes before those; infinite for a last resort.
      is_method: whether `method=` takes its name.
      on_open_sizes: whether it computes settled layers of which `jax.export` leaves a size open.
      is_opaque: whether XLA cannot see how it computes.
    """

    name: str
    computes: str
    run: Run
    platforms: tuple[str | None, ...] = ()
    supports: Callable[[Request], bool] = lambda _: True
    cost: Callable[[Request], float] = lambda _: math.inf
    is_method: bool = True
    on_open_sizes: bool = False
    is_opaque: bool = False

    def takes(self, request: Request) -> bool:
        """Whether "auto" may take it."""
        if request.is_open and not self.on_open_sizes:
            return False
        on_others = request.platform != CPU and OTHER in self.platforms
        return (on_others or request.platform in self.platforms) and self.supports(request.estimated())
