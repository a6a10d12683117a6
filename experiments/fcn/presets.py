"""Defaults that belong together."""

from typing import Literal, NamedTuple

from experiments.fcn.config import Network, Optimizer

PresetName = Literal["small", "article", "paper"]
VGG16 = {"width": 64, "depths": (2, 2, 3, 3, 3), "head_ch": 4096, "head_kernel": 7}


class Preset(NamedTuple):
    """A network, and how it is trained."""

    network: Network
    optimizer: Optimizer


PRESETS: dict[PresetName, Preset] = {
    "small": Preset(Network(), Optimizer()),
    # VGG-16's parameters do not bear the small network's rate.
    "article": Preset(Network(**VGG16, decoder_ch=None, normalise=False), Optimizer(learning_rate=1e-4)),
    # Long, Shelhamer and Darrell, section 4.3, and their released networks.
    "paper": Preset(
        Network(
            **VGG16, decoder_ch=None, normalise=False, first_padding=100, dropout=0.5, score_layers=True, overlap=2
        ),
        Optimizer(
            kind="sgd",
            learning_rate=1e-4,
            schedule="constant",
            warm_up=0.0,
            weight_decay=5e-4,
            clip_norm=None,
            bias_rate=2.0,
            fixed_upsampling=True,
        ),
    ),
}
