"""A folder as what a network is trained on. In memory are names only: pictures are read when they are used."""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, overload

import grain
import numpy as np
from numpy.typing import NDArray

from experiments.fcn.data.augment import augment
from experiments.fcn.data.config import FolderConfig, Source, read_label_map
from experiments.fcn.data.labels import MOST_CLASSES, Table, bounded, count_classes, labels_of, make_table
from experiments.fcn.data.layouts import Layout, layout_of
from experiments.fcn.data.pairs import Found, Pair
from experiments.fcn.data.palettes import colours_for
from experiments.fcn.data.presets import Preset
from experiments.fcn.data.reading import read_image, read_mask
from experiments.fcn.data.scan import count_values
from experiments.fcn.task import Batch, Classes, Sample, Signature
from experiments.problem import Problem
from jtconv.weights import Preprocessing
