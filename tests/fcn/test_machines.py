"""Several processes: whose rows of a batch, options, what they share."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from benchmarks.scaling_run import CONFIG, Blocks
from experiments.fcn import placement, processes
from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.config import FolderConfig, Source
from experiments.fcn.data.task import FolderTask
from experiments.fcn.machines import Machines, begin
from experiments.fcn.task import EVERY
from experiments.fcn.train import train
from experiments.fcn8.config import Config as DigitConfig
from experiments.fcn8.data import DigitTask
from experiments.mosaic.data import Config as MosaicConfig
from experiments.mosaic.data import MosaicTask
from experiments.mosaic.folder import execute as write_folder

pytestmark = pytest.mark.usefixtures("single_precision")


# --- whose rows ------------------------------------------------------------------------------


def digits(_):
    return DigitTask(DigitConfig(batch_size=6, seed=3, steps=4, test_scenes=1))


def mosaics(_):
    return MosaicTask(MosaicConfig(batch_size=6, seed=3, steps=4, test_scenes=1, size=32))


def pictures(folder):
    write_folder([str(folder / "pictures"), "--train", "5", "--val", "1", "--sizes", "32", "40"])
    augmentation = Augmentation(crop=(24, 30), flip=True, scale=(0.8, 1.2))
    source = Source(data=folder / "pictures", num_classes=8)
    return FolderTask(FolderConfig(source=source, batch_size=6, seed=3, steps=4, augmentation=augmentation))


@pytest.mark.parametrize("make", [digits, mosaics, pictures])
def test_the_rows_of_a_process_are_those_of_the_whole_batch(make, tmp_path):
    task = make(tmp_path)
    for i in (3, 0):
        whole = task.batches()[i]
        assert len(whole.images) == 6
        for rows in (slice(0, 2), slice(2, 6), EVERY):
            part = task.batches(rows)[i]
            assert_array_equal(part.images, whole.images[rows])
            assert_array_equal(part.labels, whole.labels[rows])


def test_a_process_reads_the_pictures_of_its_own_rows(tmp_path, monkeypatch):
    task, seen = pictures(tmp_path), []
    sample = type(task.train.reader).sample
    monkeypatch.setattr(type(task.train.reader), "sample", lambda self, *a: seen.append(a[0].name) or sample(self, *a))
    task.batches(slice(4, 6))[1]
    assert len(seen) == 2


def test_a_batch_is_cut_into_equal_parts(monkeypatch):
    devices = [SimpleNamespace(process_index=i // 2, id=i) for i in range(6)]
    monkeypatch.setattr(placement.jax, "devices", lambda: devices)
    with pytest.raises(ValueError, match=r"a multiple of the number of devices \(6\), got 8: give --batch-size 6"):
        train(replace(CONFIG, batch_size=8), Blocks(CONFIG), Path("nowhere"))
    assert not Path("nowhere").exists()


# --- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coordinator": "a:1"}, "`coordinator` must be given together with --processes and --process"),
        ({"coordinator": "a", "processes": 2, "process": 1}, "`coordinator` must be HOST:PORT"),
        ({"coordinator": "a:1", "processes": 2, "process": 2}, r"`process` must be in \[0, 2\)"),
        ({"cpu_devices": 0}, "`cpu_devices` must be at least 1"),
    ],
)
def test_options_that_do_not_go_together_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Machines(**options)


def test_without_a_cluster_there_is_nothing_to_join(monkeypatch):
    def initialize(*_):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    with pytest.raises(ValueError, match="`distributed` must be used under Slurm.*or left out for --coordinator"):
        begin(Machines(distributed=True))


def test_deterministic_keeps_the_flags_that_are_set(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_some=1")
    begin(Machines(deterministic=True))
    assert os.environ["XLA_FLAGS"] == "--xla_some=1 --xla_gpu_deterministic_ops=true"


# --- what processes share --------------------------------------------------------------------


def test_scores_of_a_sequence_come_back_in_order(monkeypatch):
    values = [0.5, float("nan"), 0.25, 1.0, 0.75]
    shares = [np.array(values[0::2]), np.array([*values[1::2], np.nan])]
    monkeypatch.setattr(processes.jax, "process_count", lambda: 2)
    monkeypatch.setattr(processes, "gathered", lambda array: shares)
    assert_array_equal(processes.interleaved(values[0::2], 5), values)


def test_where_one_process_fails_no_other_goes_on(monkeypatch):
    monkeypatch.setattr(processes, "gathered", lambda failed: [failed, np.array(True)])
    with pytest.raises(ValueError, match="Process 1 cannot go on"), processes.together():
        pass
    with pytest.raises(KeyError), processes.together():
        raise KeyError
