"""Where the decoder's pixels lie over the picture, on one axis: integers only.

Every layer keeps pixel i of factor f at  start + f·i  of the picture, for a start that the layers
before it decide:

- A 2×2 pool takes pixels 2i and 2i+1 to i, between them. After j pools f = 2^j, and the start is
  (f-1)/2, less the border of zeros that the picture was given.
- A SAME convolution of an odd kernel leaves pixels where they are; a VALID one of kernel k drops
  (k-1)/2 of them, its `inset`, on either side.
- A transposed convolution of kernel k and strides s that is cropped by (k-s)/2 on either side puts
  s pixels around the place of each.

So the decoder's grid of a factor is the encoder's, less an inset, and crops by whole pixels bring
the two together. Insets may be halves, so they are doubled here.
"""


def inset_after_up(doubled: int) -> int:
    """The inset, doubled, after k4 s2: twice as many pixels, less the one that is not cropped."""
    return 2 * doubled - 2


def last_margin(border: int, doubled_inset: int, factor: int, overlap: int) -> int:
    """What is cropped of the last transposed convolution, k = overlap·factor and s = factor.

    Its margin (k-s)/2 and the picture's border, less the inset. With 7×7 VALID, pad 100 (a border
    of 99): 19 for FCN-32, 27 for FCN-16, 31 for FCN-8, as in the original networks.

    >>> last_margin(99, doubled_inset=6, factor=32, overlap=2)
    19
    """
    return border + (overlap - 1) * factor // 2 - factor * doubled_inset // 2
