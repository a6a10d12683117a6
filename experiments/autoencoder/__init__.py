"""Autoencoders of photographs: an encoder of convolutions and its mirror image of transposed convolutions."""
