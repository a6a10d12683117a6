"""Networks whose every upsampling is a `jtconv.nn.ConvTranspose`: VGG-16 and the FCN family.

A trained one is loaded with `load`.

May import `nn`, `weights`, `_arrays` and `_geometry`.
"""

from jtconv.models._draw import draw as draw
from jtconv.models._fcn import FCN as FCN
from jtconv.models._fcn import FCN2 as FCN2
from jtconv.models._fcn import FCN4 as FCN4
from jtconv.models._fcn import FCN8 as FCN8
from jtconv.models._fcn import FCN16 as FCN16
from jtconv.models._fcn import FCN32 as FCN32
from jtconv.models._parameter_groups import parameter_groups as parameter_groups
from jtconv.models._start_from import start_from as start_from
from jtconv.models._summary import summary as summary
from jtconv.models._trained_model import TrainedModel as TrainedModel
from jtconv.models._trained_model import load as load
from jtconv.models._trained_model import save as save
from jtconv.models._vgg import VGG16 as VGG16
