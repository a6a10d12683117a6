"""What a dozen layers become on a TPU v5e: at least as quick as lax's own, as far as the compiler tells."""

import pytest

from jtconv.bench._layers import SUITE

NAMES = (
    "FCN-32s", "FCN-16s", "FCN-8s", "FCN-8 up1", "FCN-8 up2", "FCN-8 up3", "DCGAN 4", "U-Net up1", "FSRCNN x4",
    "EnCodec 4", "grouped 32", "jax 23783",
)  # fmt: skip
# Times lax's cycles. The final schedule's bundles leave out memory, so that near factors say nothing; an estimate may
# be five times off.
MAX_TIMES = {"bundles": 2.0, "estimate": 5.0}


@pytest.mark.parametrize("name", NAMES)
def test_auto_takes_no_more_cycles_than_lax(compiled, name):
    (layer,) = (layer for layer in SUITE if layer.name == name)
    own, other = (compiled("v5e", layer, "forward", method) for method in ("auto", "lax"))
    assert own["cycles_from"] == other["cycles_from"]
    assert own["cycles"] <= MAX_TIMES[own["cycles_from"]] * other["cycles"], (own, other)
