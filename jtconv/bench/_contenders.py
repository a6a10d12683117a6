"""Who computes a layer: this package's methods and its peers, each in the layout that it prefers.

A contender makes a layer's two programs, from the same numbers:

    forward()  -> x = Cᵀ y
    both()     -> x, and the gradients of sum(x * g) by y and the kernel
"""

import importlib.util
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jtconv._arguments import Pads
from jtconv._conv_transpose import conv_transpose
from jtconv._lax_conv import channels_last
from jtconv._methods import BY_NAME
from jtconv._methods.lax import flip_and_swap
from jtconv._sized import SizedGeometry
from jtconv.bench._layers import NetworkLayer

Build = Callable[[NetworkLayer, "Arrays"], "Programs | None"]


class Arrays(NamedTuple):
    """Of one layer, channels last: y, the kernel, and the gradient g by x."""

    y: np.ndarray
    kernel: np.ndarray
    g: np.ndarray


class Programs(NamedTuple):
    """What is timed; `compile_seconds` and `temporary_bytes` of (forward, both), where JAX tells them."""

    forward: Callable[[], Any]
    both: Callable[[], Any]
    result: Callable[[], np.ndarray]
    compile_seconds: tuple[float, float] | None = None
    temporary_bytes: tuple[int, int] | None = None


def random_arrays(layer: NetworkLayer, dtype: str, seed: int = 0) -> Arrays:
    """Normal values; the kernel's are scaled so that x is about as large as y."""
    rng = np.random.default_rng(seed)
    shapes = layer.y_shape, layer.kernel_shape, layer.x_shape
    y, kernel, g = (rng.standard_normal(shape, np.float32) for shape in shapes)
    scale = np.float32(1 / math.sqrt(math.prod(layer.kernel_shape[:-2]) * layer.y_ch / layer.groups))
    return Arrays(*(a.astype(jnp.dtype(dtype)) for a in (y, kernel * scale, g)))


def contenders(methods: bool) -> dict[str, Build]:
    """By name, those that can be had here; with `methods`, each of this package's too."""
    own = {f"jtconv {name}": partial(_jtconv, name) for name in ("lax", "overlap_add", "polyphase")} if methods else {}
    found: dict[str, Build] = {"jtconv": partial(_jtconv, "auto"), **own, "lax": _lax, "lax unflipped": _lax_unflipped}
    if _installed("flax"):
        found["flax"] = _flax
    if _installed("equinox"):
        found["equinox"] = _equinox
    if _installed("torch"):
        found |= {"torch": partial(_torch, False), "torch channels last": partial(_torch, True)}
    return found


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _of_jax(f: Callable[[Array, Array], Array], y: np.ndarray, kernel: np.ndarray, g: np.ndarray) -> Programs:
    """Both programs of a function of y and kernel, compiled."""

    def both(y: Array, kernel: Array, g: Array) -> tuple[Array, tuple[Array, Array]]:
        x, pullback = jax.vjp(f, y, kernel)
        return x, pullback(g)

    given = tuple(map(jnp.asarray, (y, kernel, g)))
    lowered = jax.jit(f).lower(*given[:2]), jax.jit(both).lower(*given)
    (first, first_seconds), (second, second_seconds) = map(_compile, lowered)
    return Programs(
        forward=lambda: jax.block_until_ready(first(*given[:2])),
        both=lambda: jax.block_until_ready(second(*given)),
        result=lambda: np.asarray(first(*given[:2]).astype(jnp.float32)),
        compile_seconds=(first_seconds, second_seconds),
        temporary_bytes=tuple(c.memory_analysis().temp_size_in_bytes for c in (first, second)),
    )


def _compile(lowered: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    return lowered.compile(), time.perf_counter() - start


def _jtconv(method: str, layer: NetworkLayer, arrays: Arrays) -> Programs:
    f = partial(conv_transpose, strides=layer.strides, method=method, **layer.arguments)
    return _of_jax(f, *arrays)


def _lax(layer: NetworkLayer, arrays: Arrays) -> Programs:
    """`lax.conv_transpose`, or `lax.conv_general_dilated` where there are groups; differentiated by JAX."""
    return _of_jax(lambda y, kernel: BY_NAME["lax"](y, kernel, layer.sized, None), *arrays)


def _lax_unflipped(layer: NetworkLayer, arrays: Arrays) -> Programs | None:
    """`lax.conv_transpose` with its default kernel, which is given flipped and with its channels swapped."""
    if layer.groups > 1:
        return None
    sized = layer.sized

    def f(y: Array, kernel: Array) -> Array:
        numbers = channels_last(sized.ndim)
        return lax.conv_transpose(
            y, kernel, sized.strides, _dilated_pads(sized), rhs_dilation=sized.dilation, dimension_numbers=numbers
        )

    return _of_jax(f, arrays.y, np.asarray(flip_and_swap(jnp.asarray(arrays.kernel), 1)), arrays.g)


def _dilated_pads(sized: SizedGeometry) -> list[Pads]:
    """The padding that lax and flax are given as pairs: around y once s - 1 zeros stand between its values."""
    axes = zip(sized.effective_kernel_size, sized.pads, sized.input_size, sized.strides, sized.output_size, strict=True)
    return [(k - 1 - lo, i + lo - s * (o - 1) - 1) for k, (lo, _), i, s, o in axes]


def _flax(layer: NetworkLayer, arrays: Arrays) -> Programs | None:
    """`nnx.ConvTranspose` with transpose_kernel=True."""
    from flax import nnx

    if layer.groups > 1:
        return None
    sized = layer.sized
    types: dict[str, Any] = {"dtype": arrays.y.dtype, "param_dtype": arrays.y.dtype}
    module = nnx.ConvTranspose(
        layer.y_ch, layer.x_ch, sized.kernel_size, sized.strides, padding=_dilated_pads(sized),
        kernel_dilation=sized.dilation, use_bias=False, transpose_kernel=True, **types, rngs=nnx.Rngs(0),
    )  # fmt: skip
    graph, state = nnx.split(module)

    def f(y: Array, kernel: Array) -> Array:
        return nnx.merge(graph, jax.tree.map(lambda _: kernel, state))(y)

    return _of_jax(f, *arrays)


def _equinox(layer: NetworkLayer, arrays: Arrays) -> Programs:
    """`eqx.nn.ConvTranspose`, channels first, vmapped over the batch."""
    import equinox as eqx  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    sized, ndim = layer.sized, layer.sized.ndim
    module = eqx.nn.ConvTranspose(
        ndim, layer.y_ch, layer.x_ch, sized.kernel_size, sized.strides, padding=[lo for lo, _ in sized.pads],
        output_padding=layer.arguments.get("output_padding", 0), dilation=sized.dilation, groups=layer.groups,
        use_bias=False, dtype=arrays.y.dtype, key=jax.random.key(0),
    )  # fmt: skip
    swapped = np.asarray(flip_and_swap(jnp.asarray(arrays.kernel), layer.groups))  # (*k, y_ch // groups, x_ch)
    weight = np.moveaxis(swapped, (-1, -2), (0, 1))

    def f(y: Array, weight: Array) -> Array:
        return jax.vmap(eqx.tree_at(lambda m: m.weight, module, weight))(y)

    programs = _of_jax(f, _channels_first(arrays.y), weight, _channels_first(arrays.g))
    return programs._replace(result=lambda: np.moveaxis(programs.result(), 1, -1))


def _torch(channels_last: bool, layer: NetworkLayer, arrays: Arrays) -> Programs | None:
    import torch  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    sized, ndim = layer.sized, layer.sized.ndim
    if channels_last and ndim == 1:
        return None
    layout = {2: torch.channels_last, 3: torch.channels_last_3d}[ndim] if channels_last else torch.contiguous_format
    function = getattr(torch.nn.functional, f"conv_transpose{ndim}d")
    kernel = np.transpose(arrays.kernel, (ndim + 1, ndim, *range(ndim)))  # (y_ch, x_ch // groups, *k)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True

    def tensor(array: np.ndarray, *, gradient: bool) -> torch.Tensor:
        exact = torch.from_numpy(np.ascontiguousarray(array.astype(np.float32)))
        made = exact.to(device, getattr(torch, str(arrays.y.dtype)), memory_format=layout)
        return made.requires_grad_(gradient)

    y, weight = tensor(_channels_first(arrays.y), gradient=True), tensor(kernel, gradient=True)
    g = tensor(_channels_first(arrays.g), gradient=False)
    f = partial(
        function, stride=sized.strides, padding=[lo for lo, _ in sized.pads], groups=layer.groups,
        output_padding=layer.arguments.get("output_padding", 0), dilation=sized.dilation,
    )  # fmt: skip

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def forward() -> torch.Tensor:
        with torch.no_grad():
            x = f(y, weight)
        wait()
        return x

    def both() -> None:
        y.grad = weight.grad = None
        f(y, weight).backward(g)
        wait()

    return Programs(forward, both, result=lambda: np.moveaxis(forward().float().cpu().numpy(), 1, -1))


def _channels_first(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, -1, 1)
