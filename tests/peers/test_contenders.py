"""The benchmark's contenders of the peers: each computes the layer that this package computes."""

import pytest

from jtconv.bench._contenders import _keras_arguments, contenders
from jtconv.bench._layers import SUITE, NetworkLayer
from jtconv.bench._programs import PARTS, random_arrays
from jtconv.bench._run import ready

PLAIN = NetworkLayer("plain", "", 2, (5, 6), 4, 6, 4, 2, {"padding": 1})
ODD = {"padding": 1, "output_padding": 1, "groups": 2}
GROUPED = NetworkLayer("grouped, odd, 3-D", "", 2, (3, 4, 5), 4, 6, 3, 2, ODD)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("layer", "without"), [(PLAIN, set()), (GROUPED, {"lax unflipped", "flax", "keras"})])
def test_contenders(layer, without, part):
    builders = contenders(methods=False)
    assert {"flax", "equinox", "keras", "torch", "torch channels last"} <= set(builders)
    programs, _, failed = ready(layer, builders, random_arrays(layer, "float32"), part)
    assert not failed
    assert set(builders) - set(programs) == without


def test_keras_has_the_layers_whose_padding_has_a_name():
    expressed = {layer.name: _keras_arguments(layer) for layer in SUITE}
    assert expressed["FCN-8s"] == {"padding": "valid", "output_padding": None}
    assert expressed["DCGAN 5"] == {"padding": "same", "output_padding": None}
    assert expressed["dilated"] == {"padding": "same", "output_padding": None}
    # "same" pads k3 s2 by (0, 1), where this layer has 1 on both sides, so the same size is not the same layer.
    assert expressed["ResNet decoder"] is None
    assert expressed["grouped 32"] is None
