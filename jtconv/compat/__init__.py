"""Other frameworks' transposed convolutions, by their own signatures, defaults and numbers.

`from jtconv.compat import torch` and so on: one module per framework, none of which imports the
framework. Each translates its arguments and calls `jtconv.conv_transpose`.
May import `_conv_transpose`, `_frameworks`, `_arrays` and `_geometry`.
"""
