"""Transposed convolutions of published networks, at sizes that occur in them."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class NetworkLayer:
    """One transposed convolution: y (batch, *size, y_ch) -> x (batch, *x_size, x_ch)."""

    name: str
    source: str
    batch: int
    size: tuple[int, ...]
    y_ch: int
    x_ch: int
    kernel_size: int
    strides: int
    arguments: dict[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def spec(self) -> ConvSpec:
        """Its geometry, every size fixed."""
        arguments = {k: v for k, v in self.arguments.items() if k != "output_padding"}
        geometry = ConvGeometry((self.kernel_size,) * len(self.size), strides=self.strides, **arguments)
        size = geometry.transpose_output_size(self.size, output_padding=self.arguments.get("output_padding"))
        return geometry.at(size)

    @property
    def groups(self) -> int:
        return self.spec.groups

    @property
    def y_shape(self) -> tuple[int, ...]:
        return (self.batch, *self.size, self.y_ch)

    @property
    def x_shape(self) -> tuple[int, ...]:
        return (self.batch, *self.spec.input_size, self.x_ch)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (*self.spec.kernel_size, self.x_ch // self.groups, self.y_ch)

    @property
    def flops(self) -> int:
        """Floating-point operations: two for every tap, channel pair and position of y."""
        return 2 * self.needed

    @property
    def needed(self) -> int:
        """Multiplications: one for every tap, channel pair and position of y."""
        return self.batch * math.prod(self.size) * math.prod(self.kernel_shape)

    @property
    def facts(self) -> dict[str, Any]:
        """The layer's entries in a result."""
        return {
            "name": self.name,
            "source": self.source,
            "y": self.y_shape,
            "kernel": self.kernel_shape,
            "x": self.x_shape,
            "strides": self.strides,
            "arguments": self.arguments,
            "gflop": self.flops / 1e9,
        }


SUITE = (
    NetworkLayer("FCN-32s", "Long et al. 2015, upscore", 1, (16, 16), 21, 21, 64, 32),
    NetworkLayer("FCN-16s", "Long et al. 2015, upscore16", 1, (34, 34), 21, 21, 32, 16),
    NetworkLayer("FCN-8s", "Long et al. 2015, upscore8", 1, (70, 70), 21, 21, 16, 8),
    NetworkLayer("FCN-8 up1", "FCN-8 on VGG-16, 224x224", 1, (7, 7), 4096, 12, 4, 2),
    NetworkLayer("FCN-8 up2", "FCN-8 on VGG-16, 224x224", 8, (14, 14), 12, 12, 4, 2),
    NetworkLayer("FCN-8 up3", "FCN-8 on VGG-16, 224x224", 8, (28, 28), 12, 12, 8, 8),
    NetworkLayer("DCGAN 1", "Radford et al. 2016", 16, (1, 1), 100, 1024, 4, 1),
    NetworkLayer("DCGAN 2", "Radford et al. 2016", 16, (4, 4), 1024, 512, 4, 2, {"padding": 1}),
    NetworkLayer("DCGAN 4", "Radford et al. 2016", 16, (16, 16), 256, 128, 4, 2, {"padding": 1}),
    NetworkLayer("DCGAN 5", "Radford et al. 2016", 16, (32, 32), 128, 3, 4, 2, {"padding": 1}),
    NetworkLayer("U-Net up1", "Ronneberger et al. 2015", 1, (28, 28), 1024, 512, 2, 2),
    NetworkLayer("U-Net up4", "Ronneberger et al. 2015", 1, (196, 196), 128, 64, 2, 2),
    NetworkLayer(
        "FSRCNN x4", "Dong et al. 2016", 1, (90, 160), 56, 1, 9, 4, {"padding": 4, "output_padding": 3}
    ),
    NetworkLayer(
        "ResNet decoder", "Johnson et al. 2016", 4, (64, 64), 128, 64, 3, 2, {"padding": 1, "output_padding": 1}
    ),
    NetworkLayer("stride 1", "3x3 layers, as in Noh et al. 2015", 4, (64, 64), 64, 64, 3, 1, {"padding": 1}),
    NetworkLayer("dilated", "Yu and Koltun 2016", 1, (64, 64), 64, 64, 3, 1, {"padding": 2, "dilation": 2}),
    NetworkLayer(
        "depthwise", "bilinear upsampling by channel", 4, (48, 48), 96, 96, 4, 2, {"padding": 1, "groups": 96}
    ),
    NetworkLayer(
        "grouped 32", "ResNeXt widths, Xie et al. 2017", 8, (28, 28), 128, 128, 3, 2,
        {"padding": 1, "output_padding": 1, "groups": 32},
    ),
    NetworkLayer(
        "hyperprior", "Balle et al. 2018", 1, (32, 32), 192, 192, 5, 2, {"padding": 2, "output_padding": 1}
    ),
    NetworkLayer("HiFi-GAN 1", "Kong et al. 2020, V1", 16, (32,), 512, 256, 16, 8, {"padding": 4}),
    NetworkLayer("HiFi-GAN 3", "Kong et al. 2020, V1", 16, (2048,), 128, 64, 4, 2, {"padding": 1}),
    NetworkLayer("EnCodec 1", "Defossez et al. 2022, 24 kHz", 1, (75,), 512, 256, 16, 8),
    NetworkLayer("EnCodec 3", "Defossez et al. 2022, 24 kHz", 1, (3000,), 128, 64, 8, 4),
    NetworkLayer("EnCodec 4", "Defossez et al. 2022, 24 kHz", 1, (12000,), 64, 32, 4, 2),
    NetworkLayer("3-D U-Net", "Cicek et al. 2016; Milletari et al. 2016", 1, (24, 24, 24), 64, 32, 2, 2),
    NetworkLayer(
        "3-D k3 s2", "Lee et al. 2017", 1, (24, 24, 24), 32, 32, 3, 2, {"padding": 1, "output_padding": 1}
    ),
    NetworkLayer("3D-GAN 2", "Wu et al. 2016", 8, (4, 4, 4), 512, 256, 4, 2, {"padding": 1}),
    # An inverse STFT: that report's thread says 1-D and how slow, not its sizes, so these are ours.
    NetworkLayer("jax 23783", "after github.com/jax-ml/jax/issues/23783", 1, (125,), 514, 1, 512, 128),
    NetworkLayer(
        "jax 31662", "github.com/jax-ml/jax/issues/31662", 1, (64, 64, 32), 64, 1, 3, 2,
        {"padding": 1, "output_padding": 1},
    ),
)  # fmt: skip

# Layers that are rare in networks, and that compilers for accelerators make the most of inserted zeros of.
RARE = (
    NetworkLayer(
        "stride 2 dilated 2", "DeepLab's dilation, Chen et al. 2017", 1, (32, 32), 64, 64, 3, 2,
        {"padding": 2, "dilation": 2},
    ),
    NetworkLayer(
        "stride 2 dilated 3", "without a common factor", 1, (48, 48), 32, 32, 3, 2, {"padding": 3, "dilation": 3}
    ),
    NetworkLayer(
        "depthwise 3x3", "transposed MobileNet, Howard et al. 2017", 4, (28, 28), 128, 128, 3, 2,
        {"padding": 1, "output_padding": 1, "groups": 128},
    ),
    NetworkLayer(
        "grouped 4", "AlexNet's groups, Krizhevsky et al. 2012", 2, (32, 32), 64, 64, 4, 2,
        {"padding": 1, "groups": 4},
    ),
    NetworkLayer(
        "causal dilated", "WaveNet, van den Oord et al. 2016", 2, (640,), 64, 48, 3, 1,
        {"padding": "CAUSAL", "dilation": 4},
    ),
    NetworkLayer(
        "FCN-32s cropped", "Long et al. 2015, 224x224", 1, (8, 8), 12, 12, 64, 32, {"padding": ((19, 45), (19, 45))}
    ),
    NetworkLayer("picture", "a point spread function, one channel", 1, (256, 256), 1, 1, 31, 1, {"padding": 15}),
)  # fmt: skip
