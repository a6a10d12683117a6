"""Where the decoder's pixels lie over the picture, on one axis: integers only.

In every layer, pixel i of factor f is centred on position  start + f·i  of the picture:

- A 2×2 pool maps pixels 2i and 2i+1 to i, between them. After j pools f = 2^j, and the start is
  (f-1)/2, less the border of zeros around the picture.
- A SAME convolution of an odd kernel leaves pixels where they are. A VALID one of kernel k drops
  (k-1)/2 of them on either side: its inset.
- A transposed convolution of kernel k and strides s that is cropped by (k-s)/2 on either side puts
  s pixels around the place of each.

So the decoder's grid of a factor is the encoder's, less an inset, and crops by whole pixels bring
the two together. Insets may be halves, so they are doubled here.
"""

from typing import NamedTuple


class Alignment(NamedTuple):
    """Crops of a decoder on one axis.

    Attributes:
      doubled_insets: one for each k4 s2 transposed convolution, before its crop. Half of it is what
        is cropped of the pool, on either side; where it is negative, of the result instead.
      margin: what is cropped of the scores on either side.
    """

    doubled_insets: tuple[int, ...]
    margin: int


def align(head_kernel: int, border: int, num_skips: int, factor: int, overlap: int) -> Alignment:
    """Crops of a decoder of `num_skips` steps and a last layer of k = overlap·factor, s = factor.

    conv6 is VALID where the picture has a `border`. With 7×7 and pad 100 (a border of 99) the
    scores lose 19 for FCN-32, 27 for FCN-16 and 31 for FCN-8, as in the original networks:

    >>> align(7, 99, num_skips=2, factor=8, overlap=2)
    Alignment(doubled_insets=(10, 18), margin=31)
    """
    doubled, insets = (head_kernel - 1 if border else 0), []
    for _ in range(num_skips):
        insets.append(2 * doubled - 2)  # twice as many pixels, less the one that k4 s2 adds on either side
        doubled = max(0, insets[-1])  # after the crop
    margin = border + (overlap - 1) * factor // 2 - factor * doubled // 2
    return Alignment(tuple(insets), margin)
