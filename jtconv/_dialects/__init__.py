"""Every framework's words for a transposed convolution, read and written in pure integers.

One file per framework. `read` turns a framework's arguments into the convolution that is
transposed, `ConvSpec`, and refuses what the framework refuses, in its words; `write` says the
same layer in the framework's words, or raises `NoEquivalent` with the reason. Nothing here knows
of arrays: `jtconv.compat` reads a layer here and hands it to `conv_transpose`.
"""
