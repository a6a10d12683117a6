"""The layouts of data sets: a row each."""

from typing import NamedTuple

from experiments.fcn.data.presets import ADE20K, CAMVID, CITYSCAPES, KERAS, VOC, Preset


class Layout(NamedTuple):
    """The places of a data set's pictures and masks below --data, and its classes.

    Files are "folder/*suffix", the suffix being that of names without their extension. {split} is filled in, and so are
    {images} and {masks}: --images and --masks, or the names given here.
    """

    words: str  # in --help
    image_files: str = ""
    mask_files: tuple[str, ...] = ()  # the first of them whose folder there is
    splits: tuple[str, str] = ("train", "val")  # to train on, and held out
    preset: Preset = Preset()
    images: str = "images"
    masks: str = "masks"
    marks: tuple[str, ...] = ()  # folders that no other layout has
    lists: str = ""  # of the names of pictures, where all splits share folders
    shares: bool = False  # whether a share is held out where there is no such split


LAYOUTS = {
    "folder": Layout("images/ and masks/ of the same names, with train/ and val/ in them, or a share held out."),
    "voc": Layout(
        "PASCAL VOC's JPEGImages/, SegmentationClass/ and lists in ImageSets/Segmentation/.",
        "{images}/*",
        ("{masks}/*",),
        preset=VOC,
        images="JPEGImages",
        masks="SegmentationClass",
        marks=("ImageSets/Segmentation",),
        lists="ImageSets/Segmentation/{split}.txt",
    ),
    "camvid": Layout(
        "train/ and trainannot/ (or train_labels/, in colours), test/ likewise.",
        "{split}/*",
        ("{split}annot/*", "{split}_labels/*_L"),
        ("train", "test"),
        CAMVID,
        marks=("trainannot", "train_labels"),
    ),
    "cityscapes": Layout(
        "leftImg8bit/ and gtFine/.",
        "leftImg8bit/{split}/*_leftImg8bit",
        ("{masks}/{split}/*_{masks}_labelIds",),
        preset=CITYSCAPES,
        masks="gtFine",
        marks=("leftImg8bit",),
    ),
    "keras": Layout(
        "images_prepped_train/ and annotations_prepped_train/.",
        "images_prepped_{split}/*",
        ("annotations_prepped_{split}/*",),
        ("train", "test"),
        KERAS,
        marks=("images_prepped_train",),
        shares=True,
    ),
    "ade20k": Layout(
        "ADE20K's images/training/ and annotations/training/, validation/ likewise.",
        "images/{split}/*",
        ("annotations/{split}/*",),
        ("training", "validation"),
        ADE20K,
        marks=("annotations/training",),
    ),
}
