"""Names, colours and masks of published data sets' classes; and colours for classes that come without."""

from collections.abc import Mapping
from typing import NamedTuple

from experiments.fcn.pictures import MUTED
from experiments.fcn.task import Classes


class Preset(NamedTuple):
    """The reading of a data set's masks, unless the settings say otherwise."""

    classes: Classes | None = None
    label_map: Mapping[int, int | None] = {}  # value -> class; None is void
    colours: Mapping[str, int] = {}  # "#rrggbb" -> value
    mask_channel: str | None = None


def colours_for(num_classes: int, background: int | None) -> tuple[str, ...]:
    """Tol's muted colours, which stay apart for colour-blind readers, as far as they go; then VOC's.

    The background is black.
    """
    foreground = num_classes - (background is not None)
    if foreground > len(MUTED):
        return voc_palette(num_classes)
    colours = list(MUTED[:foreground])
    if background is not None:
        colours.insert(background, "#000000")
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


VOC_NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
VOC_COLOURS = voc_palette(21)
VOC = Preset(
    Classes(VOC_NAMES, VOC_COLOURS, background=0, foreground="object"),
    # Masks that were saved in colours; the boundaries, 255, are white-ish in VOC's palette.
    colours={**{colour: i for i, colour in enumerate(VOC_COLOURS)}, "#e0e0c0": 255},
)

# SegNet's 11 classes, each with the colours of the classes of the original that it is made of; the
# first one is the class's own. The 12th value is void.
CAMVID_COLOURS = {
    "sky": "#808080",
    "building": "#800000 #008040 #40c000 #400040 #c00080",  # bridge, wall, tunnel, archway
    "pole": "#c0c080 #000040",  # traffic cone
    "road": "#804080 #8000c0 #c00040",  # lane markings
    "pavement": "#0000c0 #40c080 #8080c0",  # parking block, road shoulder
    "tree": "#808000 #c0c000",  # other vegetation
    "sign": "#c08080 #808040 #004040",  # text, traffic light
    "fence": "#404080",
    "car": "#400080 #4080c0 #c080c0 #c04080 #804040",  # pickup, truck or bus, train, other moving
    "pedestrian": "#404000 #c08040 #4000c0 #408040",  # child, cart or pram, animal
    "bicyclist": "#0080c0 #c000c0",  # motorcycle or scooter
}
CAMVID_VOID = len(CAMVID_COLOURS)
CAMVID = Preset(
    Classes(tuple(CAMVID_COLOURS), tuple(colours.split()[0] for colours in CAMVID_COLOURS.values())),
    label_map={CAMVID_VOID: None},
    colours={colour: i for i, colours in enumerate(CAMVID_COLOURS.values()) for colour in colours.split()}
    | {"#000000": CAMVID_VOID},
)

CITYSCAPES_CLASSES = {  # name: (value in *_labelIds.png, colour), in the order of the train ids
    "road": (7, "#804080"),
    "sidewalk": (8, "#f423e8"),
    "building": (11, "#464646"),
    "wall": (12, "#66669c"),
    "fence": (13, "#be9999"),
    "pole": (17, "#999999"),
    "traffic light": (19, "#faaa1e"),
    "traffic sign": (20, "#dcdc00"),
    "vegetation": (21, "#6b8e23"),
    "terrain": (22, "#98fb98"),
    "sky": (23, "#4682b4"),
    "person": (24, "#dc143c"),
    "rider": (25, "#ff0000"),
    "car": (26, "#00008e"),
    "truck": (27, "#000046"),
    "bus": (28, "#003c64"),
    "train": (31, "#005064"),
    "motorcycle": (32, "#0000e6"),
    "bicycle": (33, "#770b20"),
}
CITYSCAPES_VALUES = [value for value, _ in CITYSCAPES_CLASSES.values()]
CITYSCAPES = Preset(
    Classes(tuple(CITYSCAPES_CLASSES), tuple(colour for _, colour in CITYSCAPES_CLASSES.values())),
    # 0 … 33 and 255, a licence plate's -1 in 8 bits: what is not evaluated is void.
    label_map={**dict.fromkeys((*range(34), 255)), **{value: i for i, value in enumerate(CITYSCAPES_VALUES)}},
)

# SceneParsing's 150 classes, numbered from 1 in the masks: 0 is all else.
ADE20K_NAMES = (
    "wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door, "
    "table, mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, "
    "armchair, seat, fence, desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, "
    "chest of drawers, counter, sand, sink, skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, "
    "case, pool table, pillow, screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower, "
    "book, hill, bench, countertop, stove, palm, kitchen island, computer, swivel chair, boat, bar, arcade machine, "
    "hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight, booth, television receiver, airplane, "
    "dirt track, apparel, pole, land, bannister, escalator, ottoman, bottle, buffet, poster, stage, van, ship, "
    "fountain, conveyer belt, canopy, washer, plaything, swimming pool, stool, barrel, basket, waterfall, tent, bag, "
    "minibike, cradle, oven, ball, food, step, tank, trade name, microwave, pot, animal, bicycle, lake, dishwasher, "
    "screen, blanket, sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate, "
    "monitor, bulletin board, shower, radiator, glass, clock, flag"
)
ADE20K = Preset(
    Classes(tuple(ADE20K_NAMES.split(", ")), voc_palette(151)[1:]),
    label_map={0: None, **{value: value - 1 for value in range(1, 151)}},
)

# The tutorials read annotations with OpenCV, whose first channel is blue.
KERAS = Preset(mask_channel="blue")
