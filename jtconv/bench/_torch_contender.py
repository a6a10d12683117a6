"""PyTorch, in either memory layout, on the device that JAX computes on."""

from functools import partial
from typing import Any

import jax
import numpy as np

from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import Arrays, Layout, NotRun, Program


def torch(in_channels_last: bool, layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """`torch.nn.functional.conv_transpose*d`; the kernel's gradient alone is that of `torch.nn.grad`."""
    import torch as peer  # pyright: ignore[reportMissingImports] (which may be absent)

    ndim = layer.spec.ndim
    if in_channels_last and ndim == 1:
        return None
    formats = {2: peer.channels_last, 3: peer.channels_last_3d}
    layout = formats[ndim] if in_channels_last else peer.contiguous_format
    device = _device()
    peer.backends.cudnn.benchmark = True  # the quickest of cuDNN's ways, found by trying them
    peer.backends.cudnn.allow_tf32 = True  # as JAX does

    def tensor(array: np.ndarray) -> Any:
        exact = peer.from_numpy(np.ascontiguousarray(array.astype(np.float32)))
        return exact.to(device, getattr(peer, str(arrays.y.dtype)), memory_format=layout)

    y, g = (tensor(np.moveaxis(a, -1, 1)) for a in (arrays.y, arrays.g))
    weight = tensor(np.moveaxis(arrays.kernel, (-1, -2), (0, 1)))  # (y_ch, x_ch // groups, *k)
    function = _functions(layer)[part]

    def run() -> list[Any]:
        outputs = function(y, weight, g)
        if device == "cuda":
            peer.cuda.synchronize()
        return outputs

    def results() -> list[np.ndarray]:
        return _LAYOUT.undo(part, [output.detach().double().cpu().numpy() for output in run()])

    return Program(run, results)


_LAYOUT = Layout(lambda a: np.moveaxis(a, 1, -1), lambda weight: np.moveaxis(weight, (0, 1), (-1, -2)))


def _functions(layer: NetworkLayer) -> dict[str, Any]:
    """What each part computes of y, the weight and g."""
    import torch as peer  # pyright: ignore[reportMissingImports] (which may be absent)

    spec, ndim = layer.spec, layer.spec.ndim
    geometry = {"stride": spec.strides, "padding": [lo for lo, _ in spec.pads], "dilation": spec.dilation}
    f = partial(
        getattr(peer.nn.functional, f"conv_transpose{ndim}d"),
        output_padding=layer.arguments.get("output_padding", 0), groups=layer.groups, **geometry,
    )  # fmt: skip
    by_weight = getattr(peer.nn.grad, f"conv{ndim}d_weight")

    def forward(y: Any, weight: Any, g: Any) -> list[Any]:
        with peer.no_grad():
            return [f(y, weight)]

    def both(y: Any, weight: Any, g: Any) -> list[Any]:
        y, weight = (a.detach().requires_grad_() for a in (y, weight))
        x = f(y, weight)
        return [x, *peer.autograd.grad(x, (y, weight), g)]

    def kernel_gradient(y: Any, weight: Any, g: Any) -> list[Any]:
        # <Cᵀ y, g> = <y, C g>: the gradient of the convolution C of g.
        return [by_weight(g, weight.shape, y, groups=layer.groups, **geometry)]

    return {"forward": forward, "both": both, "kernel_gradient": kernel_gradient}


def _device() -> str:
    """Where JAX computes: another device would be no comparison."""
    import torch as peer  # pyright: ignore[reportMissingImports] (which may be absent)

    platform = jax.default_backend()
    if platform == "cpu":
        return "cpu"
    if platform == "gpu" and peer.cuda.is_available():
        return "cuda"
    raise NotRun(f"torch cannot use the {platform} that JAX uses")
