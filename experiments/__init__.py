"""Experiments, one folder each; `fcn` is the training tool, and the files beside them are shared by several.

Shared files import only each other, `fcn` imports shared files, and the other experiments import both.
`checkerboards` also imports the layers of `upsampling`, and `inside` the scenes of `fcn8`.
"""
