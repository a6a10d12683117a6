"""`Implementation`, one way of computing one map, and `Request`, the facts that "auto" chooses by."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from jtconv._arrays.padding import Run
from jtconv._geometry.spec import ConvSpec

Shape = tuple[int, ...]

CPU = "cpu"
GPUS = ("cuda", "rocm")
TPU = "tpu"
OTHER = None  # every platform that no implementation names
ANYWHERE = (CPU, OTHER)


@dataclass(frozen=True)
class Request:
    """A map to be computed: every fact that the choice may depend on. None of them is a measurement.

    Attributes:
      spec: the convolution.
      shapes: of the two operands; in an exported program the size of the batch may be unknown.
      platform: as JAX names it, if an implementation names it too; else `OTHER`.
      kernels_callable: whether the CPU kernels are compiled, compute such a layer, and the program runs here.
    """

    spec: ConvSpec
    shapes: tuple[Shape, Shape]
    platform: str | None
    kernels_callable: bool = False

    @property
    def needs_composition(self) -> bool:
        """Whether the map must be composed of XLA's operations, on arrays of known sizes."""
        return not self.kernels_callable and self.batch_is_known

    @property
    def batch_is_known(self) -> bool:
        """Whether the size of the batch is a number; `jax.export` may leave it open."""
        return all(isinstance(size, int) for size in self.shapes[0])


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
      is_opaque: whether XLA cannot see how it computes.
    """

    name: str
    computes: str
    run: Run
    platforms: tuple[str | None, ...] = ()
    supports: Callable[[Request], bool] = lambda _: True
    cost: Callable[[Request], float] = lambda _: math.inf
    is_method: bool = True
    is_opaque: bool = False

    def takes(self, request: Request) -> bool:
        """Whether "auto" may take it."""
        on_others = request.platform != CPU and OTHER in self.platforms
        return (on_others or request.platform in self.platforms) and self.supports(request)
