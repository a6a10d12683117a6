"""Experiments, one folder each; `fcn` is the training tool, the files beside them are shared by several.

Shared files import only each other; `fcn` imports them; the other experiments import both, and two one other's layers:
`checkerboards` those of `upsampling`, `inside` the network and scenes of `fcn8`.
"""
