"""A folder as what a network is trained on. In memory are names only: pictures are read when they are used."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, overload

import grain
import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.fcn.data.augment import augment
from experiments.fcn.data.config import FolderConfig
from experiments.fcn.data.dataset import Reader, check_found, counted, open_dataset
from experiments.fcn.data.labels import Table, bounded
from experiments.fcn.data.learnable import VoidPictures, check_learnable
from experiments.fcn.data.own_augmentation import OwnAugmentation
from experiments.fcn.data.pairs import Pair
from experiments.fcn.task import EVERY, Batch, Classes, Sample, Signature
from jtconv.weights import Preprocessing

PREPROCESSING = {"torch": Preprocessing.torch, "keras": Preprocessing.keras}


class Samples(Sequence[Sample]):
    """Pictures and labels on disk, read when they are asked for.

    Raises `UserError` then if a file is at fault.
    """

    def __init__(self, pairs: Sequence[Pair], reader: Reader, num_classes: int):
        self.pairs, self.reader, self.num_classes = pairs, reader, num_classes
        self.table: Table = bounded(reader.table, num_classes)

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Samples": ...
    def __getitem__(self, index: int | slice) -> "Sample | Samples":
        if isinstance(index, slice):
            return Samples(self.pairs[index], self.reader, self.num_classes)
        return self.reader.sample(self.pairs[index], self.table, self.num_classes)


class FolderTask:
    """Pictures and masks in a folder. Raises `UserError` where folders or files are missing or have other names.

    All masks are read if the number of classes is not known, else as many as it takes to see two classes.
    """

    def __init__(self, config: FolderConfig):
        source = config.source
        dataset = open_dataset(source)
        check_found(dataset.found, source)
        self.config = config
        self.classes: Classes = dataset.classes or counted(dataset, source)
        n = len(self.classes.names)
        check_learnable(dataset, bounded(dataset.reader.table, n), source.data)
        preprocessing = PREPROCESSING[config.preprocessing]().with_channels(source.channels)
        self.signature = Signature(source.channels, n, preprocessing)
        self.own = OwnAugmentation(config.augmentation.augmentation, n)
        self.train = Samples(dataset.found.train, dataset.reader, n)
        self.kept = len(dataset.found.kept)
        self.test: Sequence[Sample] = Samples(dataset.found.test, dataset.reader, n)

    def in_words(self) -> str:
        """The number of pictures in each part."""
        kept = f", {self.kept:,} kept aside (evaluate RUN --split test scores them)" if self.kept else ""
        return f"{len(self.train):,} pictures to train on, {len(self.test):,} held out to choose the best by{kept}"

    def batches(self, rows: slice = EVERY) -> grain.MapDataset[Batch]:
        """Entry i is what step i + 1 trains on: a function of the seed and of i."""
        how, size = self.config.augmentation, self.config.batch_size
        change = partial(augment, how=how, fill=mean_colour(self.signature.preprocessing))
        own, said = self.own, VoidPictures()
        samples: Any = (
            grain.MapDataset.source(self.train)
            .seed(self.config.seed)
            .shuffle()
            .repeat()
            .random_map(lambda sample, rng: own(change(said(sample), rng=rng), rng))
        )
        # Not `.batch`, which would make rows of other processes too.
        return grain.MapDataset.range(self.config.steps).map(
            lambda i: to_batch([samples[i * size + row] for row in range(size)[rows]])
        )


def load_task(config: FolderConfig) -> FolderTask:
    """Return the task that `config` describes."""
    return FolderTask(config)


def mean_colour(preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """(in_ch,) the picture whose values become nearly zero, in the picture's order of channels."""
    colour = np.zeros(len(preprocessing.channels), np.uint8)
    colour[list(preprocessing.channels)] = np.rint(np.array(preprocessing.mean) / preprocessing.scale)
    return colour


def to_batch(samples: Sequence[Sample]) -> Batch:
    """Raises `UserError` if the sizes differ."""
    first = samples[0]
    for sample in samples:
        if sample.image.shape != first.image.shape:
            one, other = (f"{x.name} ({x.image.shape[1]}×{x.image.shape[0]})" for x in (first, sample))
            raise UserError(
                Path(other), f"and {one} differ in size", "give --crop height width, so that they make up a batch"
            )
    return Batch(np.stack([sample.image for sample in samples]), np.stack([sample.labels for sample in samples]))
