"""Which method `method="auto"` means: a rule on static facts, decided while tracing."""

from jtconv._sized import SizedGeometry


def choose(sized: SizedGeometry, platform: str) -> str:
    """The name of a method for this layer on `platform` ("cpu", "gpu", "tpu").

    On a CPU, XLA multiplies by the zeros that lax inserts, and differentiates that form by a slow
    path; overlap-add is one matrix product in both directions. Accelerators are left to lax.
    Stride 1 inserts no zeros, so lax is direct there.
    """
    if platform != "cpu" or max(sized.strides, default=1) == 1:
        return "lax"
    return "overlap_add"
