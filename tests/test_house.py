"""The code is laid out as docs/design.md says: its table of rooms, from the top floor to the ground."""

from pathlib import Path

import pytest
from layout import (
    Import,
    circle,
    imports_of,
    lines_of,
    misplaced,
    out_of_size,
    read_table,
    rooms_of,
    too_many,
    unsaid,
    upward,
)

ROOT = Path(__file__).parents[1]
# Imports that point upward all the same, each with its reason; at most five.
ALLOWED: dict[Import, str] = {}


@pytest.fixture(scope="module")
def table():
    return read_table((ROOT / "docs/design.md").read_text())


@pytest.fixture(scope="module")
def imports():
    return imports_of(ROOT)


def none(wrong):
    """Fail with a line for each thing that is wrong."""
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_place_in_the_table(table):
    none(misplaced(rooms_of(ROOT), table))


def test_imports_point_downward(imports, table):
    none(upward(imports - ALLOWED.keys(), table))


def test_exceptions_are_few_and_needed(imports, table):
    assert len(ALLOWED) <= 5
    assert imports >= ALLOWED.keys()
    assert len(upward(ALLOWED, table)) == len(ALLOWED)
    assert all(ALLOWED.values())


def test_no_circle_between_files(imports):
    none(circle(imports - ALLOWED.keys()))


def test_rooms_and_floors_are_few(imports):
    none(too_many(imports - ALLOWED.keys(), rooms_of(ROOT)))


def test_files_are_of_a_size_that_holds_an_idea():
    none(out_of_size(lines_of(ROOT)))


def test_every_package_says_what_it_may_import(imports):
    none(unsaid(ROOT, imports))
