"""Flax NNX modules around `jtconv.conv` and `jtconv.conv_transpose`, and their initialisers."""

from jtconv.nn._conv import Conv as Conv
from jtconv.nn._conv_transpose import ConvTranspose as ConvTranspose
from jtconv.nn._initializers import bilinear as bilinear
from jtconv.nn._initializers import transpose_fan_in as transpose_fan_in
