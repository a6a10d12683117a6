"""What published data sets say of their classes."""

from collections.abc import Mapping
from typing import NamedTuple

from experiments.fcn.data.palettes import voc_palette
from experiments.fcn.task import Classes


class Preset(NamedTuple):
    """How a data set's masks are read, unless the settings say otherwise."""

    classes: Classes | None = None
    label_map: Mapping[int, int | None] = {}  # value -> class; None is void
    colours: Mapping[str, int] = {}  # "#rrggbb" -> value
    mask_channel: str | None = None


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

# The tutorials read annotations with OpenCV, whose first channel is blue.
KERAS = Preset(mask_channel="blue")
FOLDER = Preset()
