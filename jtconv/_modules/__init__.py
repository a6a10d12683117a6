"""The common part of the modules of `jtconv.nn` and `jtconv.linen`.

`ConvLayer` and `ConvTransposeLayer` describe a layer and apply it to arrays: they check the
arguments, give the kernel's shape and its default initialiser. A framework's class around them
holds the parameters and nothing else. May import `_conv`, `_conv_transpose`, `_arrays` and `_geometry`.
"""
