"""Benchmarks: layers of real networks, by this package's methods and by its peers.

`jtconv bench` runs them; the results in the repository's folder `benchmarks/` are made so.
May import `_conv_transpose`, `_version` and all that these may import.
"""
