"""A network for three input channels, made one for another number."""

import numpy as np

FIRST_KERNEL = "stages.0.convs.0.conv.kernel"
RGB = 3


def with_inputs(kernel: np.ndarray, in_ch: int) -> np.ndarray:
    """(*k, 3, out_ch) as (*k, in_ch, out_ch), with the same response to channels that are all alike.

    1: the sum over the inputs. More: the three in turn, times 3 / in_ch.
    """
    has = kernel.shape[-2]
    if has == in_ch:
        return kernel
    if in_ch == 1:
        return kernel.sum(-2, keepdims=True)
    return kernel[..., np.arange(in_ch) % has, :] * np.asarray(has / in_ch, kernel.dtype)
