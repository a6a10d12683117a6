"""A small FCN-8 that learns to segment real handwritten digits."""
