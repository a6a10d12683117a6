"""Networks whose every upsampling is a `jtconv.nn.ConvTranspose`."""

from jtconv.models._fcn import FCN8 as FCN8
from jtconv.models._fcn import FCN16 as FCN16
from jtconv.models._fcn import FCN32 as FCN32
from jtconv.models._summary import summary as summary
from jtconv.models._vgg import VGG16 as VGG16
