"""The ways of computing Cᵀ: one file each, all of one signature.

method(y, kernel, spec, precision) -> x

y       (N, *spec.output_size, out_ch)
kernel  (*spec.kernel_size, in_ch // spec.groups, out_ch), same dtype as y
x       (N, *spec.input_size, in_ch)
"""

from jtconv._compute.folded import Method
from jtconv._compute.lax import lax_transpose
from jtconv._compute.matrix import matrix_transpose
from jtconv._compute.overlap_add import overlap_add
from jtconv._compute.polyphase import polyphase
from jtconv._compute.scatter import scatter
from jtconv._compute.vjp import vjp_transpose

BY_NAME: dict[str, Method] = {
    "matrix": matrix_transpose,
    "lax": lax_transpose,
    "scatter": scatter,
    "vjp": vjp_transpose,
    "overlap_add": overlap_add,
    "polyphase": polyphase,
}
