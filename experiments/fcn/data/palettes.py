"""Colours for classes that come without."""

from experiments.fcn.pictures import MUTED

BLACK = "#000000"


def colours_for(num_classes: int, background: int | None) -> tuple[str, ...]:
    """Tol's muted colours, which stay apart for colour-blind readers, as far as they go; then VOC's.

    The background is black.
    """
    foreground = num_classes - (background is not None)
    if foreground > len(MUTED):
        return voc_palette(num_classes)
    colours = list(MUTED[:foreground])
    if background is not None:
        colours.insert(background, BLACK)
    return tuple(colours)


def voc_palette(num_classes: int) -> tuple[str, ...]:
    """The colours of PASCAL VOC's masks, which its development kit computes for any number."""
    return tuple(f"#{voc_colour(label):06x}" for label in range(num_classes))


def voc_colour(label: int) -> int:
    """The label's bits in turn for red, green and blue, from their highest bit down.

    >>> f"{voc_colour(15):06x}"  # person
    'c08080'
    """
    colour = 0
    for place in range(8):
        bits = label >> (3 * place)
        colour |= sum((bits >> channel & 1) << (23 - 8 * channel - place) for channel in range(3))
    return colour
