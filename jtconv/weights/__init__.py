"""Parameters of other frameworks, in and out: layers, whole networks, and their files.

Nothing in a file is executed. No framework is needed to read `.npz`, `.safetensors` and `.h5`.
May import `_frameworks`, `_arrays` and `_geometry`.
"""

from jtconv.weights._files import load as load
from jtconv.weights._files import save as save
from jtconv.weights._layers import layer_from as layer_from
from jtconv.weights._layers import layer_to as layer_to
from jtconv.weights._load_into import load_into as load_into
from jtconv.weights._networks import network_from as network_from
from jtconv.weights._networks import network_to as network_to
from jtconv.weights._preprocessing import Preprocessing as Preprocessing
