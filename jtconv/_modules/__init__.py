"""Common part of the modules of `jtconv.nn` and `jtconv.linen`.

`ConvLayer` and `ConvTransposeLayer` describe a layer and apply it to arrays. They check the
arguments, and give the kernel's shape and its default initialiser. A framework's class around them
holds only the parameters. May import `_conv`, `_conv_transpose`, `_arrays` and `_geometry`.
"""
