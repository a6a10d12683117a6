"""The transposed convolution by hand: place and add, the matrix Cᵀ, inserted zeros. See docs/experiments/by_hand.md."""
