"""The transpose of a convolution is not its inverse: a blurred photograph, solved for with C and Cᵀ."""
