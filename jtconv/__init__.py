"""Transposed convolution for JAX: the transpose of the convolution's sparse matrix, and proof of it."""

from jtconv._conv import conv as conv
from jtconv._conv_transpose import METHODS as METHODS
from jtconv._conv_transpose import conv_transpose as conv_transpose
from jtconv._explain.explain import Explanation as Explanation
from jtconv._explain.explain import explain as explain
from jtconv._explain.explain import explain_from as explain_from
from jtconv._geometry.geometry import ConvGeometry as ConvGeometry
from jtconv._geometry.geometry import conv_output_size as conv_output_size
from jtconv._geometry.geometry import conv_transpose_output_size as conv_transpose_output_size
from jtconv._geometry.geometry import output_padding_for as output_padding_for
from jtconv._matrix.conv_matrix import ConvMatrix as ConvMatrix
from jtconv._matrix.conv_matrix import conv_matrix as conv_matrix
from jtconv._operator.conv_operator import ConvOperator as ConvOperator
from jtconv._primitives.lax_only import lax_only as lax_only
from jtconv._verify.verify import TransposeReport as TransposeReport
from jtconv._verify.verify import verify_transpose as verify_transpose
from jtconv._version import __version__ as __version__
