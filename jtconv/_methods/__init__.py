"""The ways of computing Cᵀ: one file each, all of one signature.

method(y, kernel, sized, precision) -> x

y       (N, *sized.output_size, out_ch)
kernel  (*sized.kernel_size, in_ch // sized.groups, out_ch), same dtype as y
x       (N, *sized.input_size, in_ch)
"""

from jtconv._methods.folded import Method
from jtconv._methods.lax import lax_transpose
from jtconv._methods.matrix import matrix_transpose
from jtconv._methods.overlap_add import overlap_add
from jtconv._methods.polyphase import polyphase
from jtconv._methods.scatter import scatter
from jtconv._methods.vjp import vjp_transpose

BY_NAME: dict[str, Method] = {
    "matrix": matrix_transpose,
    "lax": lax_transpose,
    "scatter": scatter,
    "vjp": vjp_transpose,
    "overlap_add": overlap_add,
    "polyphase": polyphase,
}
