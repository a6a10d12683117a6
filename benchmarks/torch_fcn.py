"""The layers of a jtconv FCN, as PyTorch has them, with the same parameters."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jtconv.models import FCN


class Block(nn.Module):
    """Convolution, batch normalisation if there is one, ReLU."""

    def __init__(self, block: Any):
        super().__init__()
        self.conv = conv(block.conv)
        self.norm = nn.Identity() if block.norm is None else norm(block.norm)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)))


class TorchFCN(nn.Module):
    """(n, in_ch, h, w) -> (n, num_classes, h, w), for sizes that 32 divides; as `FCN.article` has it."""

    def __init__(self, model: FCN):
        super().__init__()
        self.stages = nn.ModuleList(nn.Sequential(*map(Block, stage.convs)) for stage in model.encoder.stages)
        self.head = nn.Sequential(Block(model.conv6), Block(model.conv7))
        self.ups = nn.ModuleList(up(step.up) for step in model.decoder.steps)
        self.skips = nn.ModuleList(Block(step.skip) for step in model.decoder.steps)
        self.last = up(model.decoder.up)

    def forward(self, x: Tensor) -> Tensor:
        pools = []
        for stage in self.stages:
            x = nn.functional.max_pool2d(stage(x), 2)
            pools.append(x)
        x = self.head(x)
        for enlarge, skip, pool in zip(self.ups, self.skips, pools[-2::-1], strict=False):
            x = enlarge(x)[..., 1:-1, 1:-1] + skip(pool)
        return self.last(x)


def conv(layer: Any) -> nn.Conv2d:
    kernel = np.asarray(layer.kernel[...])  # (h, w, in_ch, out_ch)
    size = kernel.shape[:2]
    made = nn.Conv2d(*kernel.shape[2:], size, padding=(size[0] // 2, size[1] // 2), bias=layer.bias is not None)
    return filled(made, weight=kernel.transpose(3, 2, 0, 1), bias=layer.bias)


def up(layer: Any) -> nn.ConvTranspose2d:
    kernel = np.asarray(layer.kernel[...])  # (h, w, out_ch, in_ch)
    out_ch, in_ch = kernel.shape[2:]
    made = nn.ConvTranspose2d(in_ch, out_ch, kernel.shape[:2], stride=layer.geometry.strides, bias=False)
    return filled(made, weight=kernel.transpose(3, 2, 0, 1))


def norm(layer: Any) -> nn.BatchNorm2d:
    made = nn.BatchNorm2d(layer.scale.shape[0], eps=layer.epsilon, momentum=1 - layer.momentum)
    return filled(made, weight=layer.scale, bias=layer.bias)


def filled(module: Any, **parameters: Any) -> Any:
    """`module` with copies of these parameters; None is one that it does not have."""
    with torch.no_grad():
        for name, values in parameters.items():
            if values is not None:
                getattr(module, name).copy_(torch.from_numpy(np.array(values[...])))
    return module
