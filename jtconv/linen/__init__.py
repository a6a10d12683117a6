"""Flax Linen modules around `jtconv.conv` and `jtconv.conv_transpose`, and their initialisers.

May import `_modules`, `_frameworks`, `_arrays` and `_geometry`.
"""

from jtconv._modules.initializers import bilinear as bilinear
from jtconv._modules.initializers import transpose_fan_in as transpose_fan_in
from jtconv.linen._convert_params import params_from_flax as params_from_flax
from jtconv.linen._convert_params import params_to_flax as params_to_flax
from jtconv.linen._convert_params import variables_from_nnx as variables_from_nnx
from jtconv.linen._layers import Conv as Conv
from jtconv.linen._layers import ConvTranspose as ConvTranspose
