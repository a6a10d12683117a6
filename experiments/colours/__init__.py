"""A 4×4 picture under sheets of glass: copies miss, touch, overlap. See docs/experiments/colours.md."""
