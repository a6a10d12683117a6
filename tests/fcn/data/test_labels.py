"""Values and colours of masks, and the classes they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from oracles import share

from experiments.errors import UserError
from experiments.fcn.data.class_file import read_class_file
from experiments.fcn.data.labels import STRANGE, apply, bounded, make_table
from experiments.fcn.data.presets import colours_for, voc_palette
from experiments.fcn.task import IGNORE

FEW = settings(max_examples=share(0.2))


@FEW
@given(
    st.dictionaries(st.integers(0, 12), st.none() | st.integers(0, 9), max_size=4),
    st.lists(st.integers(0, 12), max_size=3),
    st.booleans(),
    st.integers(1, 12),
)
def test_values_are_mapped_then_ignored_then_lowered(label_map, ignore, lowered, num_classes):
    def meaning(value):
        if value in label_map:
            label = label_map[value]
        elif value in ignore or (lowered and value == 0):
            label = None
        else:
            label = value - lowered
        if label is None:
            return IGNORE
        return label if label < num_classes else STRANGE

    table = bounded(make_table(label_map, ignore, lowered), num_classes)
    expected = [meaning(value) for value in range(15)]
    for dtype in (np.uint8, np.uint16, np.int32):
        assert_array_equal(apply(table, np.arange(15, dtype=dtype)), expected)


def test_values_beyond_16_bits_are_no_classes():
    table = bounded(make_table({}, (), False), 200)
    assert_array_equal(apply(table, np.array([-1, 199, 200, 65_535, 65_536, 2**31 - 1])), [-1, 199, -1, -1, -1, -1])


def test_255_is_a_value_like_others_where_it_is_not_ignored():
    assert bounded(make_table({}, (), False), 10)[255] == STRANGE
    assert bounded(make_table({255: 1}, (255,), False), 10)[255] == 1
    assert bounded(make_table({}, (255,), True), 10)[[0, 1, 255]].tolist() == [IGNORE, 0, IGNORE]


def test_vocs_palette_is_that_of_its_masks():
    # From the development kit's VOClabelcolormap.
    known = {0: "#000000", 1: "#800000", 2: "#008000", 3: "#808000", 8: "#400000", 15: "#c08080", 20: "#004080"}
    palette = voc_palette(256)
    assert {i: palette[i] for i in known} == known
    assert palette[255] == "#e0e0c0"
    assert len(set(palette)) == 256


@pytest.mark.parametrize(("n", "background"), [(1, None), (2, 0), (9, None), (10, 0), (10, 9), (10, None), (254, 3)])
def test_made_up_colours_are_all_different(n, background):
    colours = colours_for(n, background)
    assert len(colours) == len({x.lower() for x in colours}) == n
    if background is not None and n <= 10:
        assert colours[background] == "#000000"


def test_a_class_file(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_text("sky #808080\n\ntraffic light #AABBCC\nignore #000000\n")
    names, colours, values = read_class_file(file)
    assert (names, colours) == (("sky", "traffic light"), ("#808080", "#aabbcc"))
    assert values == {"#808080": 0, "#aabbcc": 1, "#000000": 65_535}
    file.write_text("sky\r\ntraffic light\r\n")
    assert read_class_file(file) == (("sky", "traffic light"), None, {})


@pytest.mark.parametrize("text", ["", "a\n", "a\na\n", "a #000000\nb\n", "a #000000\nb #000000\n", "x\n" * 255])
def test_a_class_file_at_fault_is_named(tmp_path, text):
    (tmp_path / "classes.txt").write_text(text)
    for name in ("classes.txt", "none.txt"):
        with pytest.raises(UserError, match=name):
            read_class_file(tmp_path / name)
