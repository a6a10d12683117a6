"""Images larger than a device: convolutions of images split over devices, or computed in tiles on one device.

May import `_conv`, `_conv_transpose`, `_primitives` and all that these may import.
"""

from jtconv.spatial._conv import conv as conv
from jtconv.spatial._conv import conv_transpose as conv_transpose
from jtconv.spatial._halo import Halo as Halo
from jtconv.spatial._halo import halo as halo
from jtconv.spatial._tiled import tiled_conv as tiled_conv
from jtconv.spatial._tiled import tiled_conv_transpose as tiled_conv_transpose
