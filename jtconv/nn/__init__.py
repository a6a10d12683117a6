"""Flax NNX modules around `jtconv.conv` and `jtconv.conv_transpose`, and their initialisers.

May import `_modules`, `_frameworks`, `_arrays` and `_geometry`.
"""

from jtconv._modules.initializers import bilinear as bilinear
from jtconv._modules.initializers import transpose_fan_in as transpose_fan_in
from jtconv.nn._conv import Conv as Conv
from jtconv.nn._conv_transpose import ConvTranspose as ConvTranspose
from jtconv.nn._convert_state import convert_state as convert_state
from jtconv.nn._convert_state import state_from_linen as state_from_linen
