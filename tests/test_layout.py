"""The checks of the layout see what they are there to see: on small made-up trees, each with one thing wrong."""

from itertools import pairwise

import pytest
from layout import (
    MAX_FLOORS,
    MAX_LINES,
    MAX_ROOMS,
    MEDIAN_LINES,
    Import,
    circle,
    floors,
    imports_of,
    lines_of,
    misplaced,
    out_of_size,
    read_table,
    room_of,
    rooms_of,
    too_many,
    unsaid,
    upward,
)

PAGE = """
| other | table |
|---|---|
| `tests` | is not read |

| Rooms, from the top floor | what they hold |
|---|---|
| `experiments`, `benchmarks` | use `jtconv` |
| `jtconv` | the public list |
| `jtconv.models` | networks |
| `_compute` | all ways |
| `_compute/cpu` | C++ |
| `_geometry` | integers |

| `after` | |
"""
TABLE = [["experiments", "benchmarks"], ["jtconv"], ["models"], ["_compute"], ["_compute/cpu"], ["_geometry"]]
HOUSE = {
    "jtconv/__init__.py": "from jtconv._compute import run as run",
    "jtconv/_geometry/__init__.py": '"""Integers. May import nothing of this package."""',
    "jtconv/_geometry/_sizes.py": "SIZE = 1",
    "jtconv/_compute/__init__.py": '"""All ways. May import `_geometry`."""',
    "jtconv/_compute/ways.py": "from jtconv._compute.cpu.library import load\nfrom jtconv._geometry._sizes import SIZE",
    "jtconv/_compute/cpu/__init__.py": '"""C++. May import\n`_geometry`."""',
    "jtconv/_compute/cpu/library.py": "import jtconv._geometry._sizes as sizes",
    "jtconv/models/__init__.py": '"""Networks. May import `_compute` and `_geometry`."""',
    "jtconv/models/_fcn.py": "from jtconv import _geometry\nfrom jtconv._compute import cpu, ways",
    "experiments/run.py": "import jax\nfrom jtconv import run\nfrom jtconv.models import _fcn",
    "benchmarks/time.py": "import jtconv",
}


@pytest.fixture
def build(tmp_path):
    """Write the house, some of its files changed or new; return its root."""

    def write(changes=None):
        for name, text in {**HOUSE, **(changes or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


# --- a house in order ------------------------------------------------------------------------


def test_nothing_is_wrong_with_a_house_in_order(build):
    root = build()
    imports = imports_of(root)
    assert misplaced(rooms_of(root), TABLE) == []
    assert upward(imports, TABLE) == []
    assert circle(imports) == []
    assert unsaid(root, imports) == []
    assert too_many(imports, rooms_of(root)) == []
    assert [floors(imports)[row[0]] for row in TABLE] == [5, 4, 4, 3, 2, 1]


def test_the_table_is_the_one_whose_heading_begins_with_rooms():
    assert read_table(PAGE) == TABLE
    with pytest.raises(ValueError, match="a table whose first heading begins with `rooms`"):
        read_table(PAGE.replace("| Rooms", "| Floors"))


@pytest.mark.parametrize(
    ("file", "room"),
    [
        ("jtconv/__init__.py", "jtconv"),
        ("jtconv/_conv.py", "_conv"),
        ("jtconv/_geometry/_sizes.py", "_geometry"),
        ("jtconv/_compute/lax.py", "_compute"),
        ("jtconv/_compute/cpu/__init__.py", "_compute/cpu"),
        ("experiments/fcn/data/check.py", "experiments"),
        ("tools/notebooks.py", "tools"),
    ],
)
def test_rooms_of_files(file, room):
    assert room_of(file) == room


# --- imports ---------------------------------------------------------------------------------

UP = "jtconv/models/_fcn.py"


@pytest.mark.parametrize(
    "text",
    [
        "import jtconv.models._fcn",
        "import jtconv.models._fcn as fcn",
        "from jtconv.models import _fcn",
        "from jtconv.models._fcn import FCN",
        "from jtconv.models._fcn import *",
        "from ..models import _fcn",
        "from ..models._fcn import FCN",
        "def f():\n    from jtconv.models._fcn import FCN",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from jtconv.models._fcn import FCN",
        "try:\n    import jtconv.models._fcn\nexcept ImportError:\n    pass",
        "import importlib\nfcn = importlib.import_module('jtconv.models._fcn')",
        "from importlib import import_module\nfcn = import_module('jtconv.models._fcn')",
    ],
)
def test_an_upward_import_is_seen_wherever_it_stands(build, text):
    imports = imports_of(build({"jtconv/_geometry/_sizes.py": text}))
    assert upward(imports, TABLE) == [f"jtconv/_geometry/_sizes.py (_geometry) imports {UP} (models)"]


def test_what_is_imported_is_a_module_or_the_package_that_holds_the_name(build):
    root = build({"tools/quote.py": "from jtconv import models, run\nimport jtconv.models"})
    imported = {imported for importer, imported in imports_of(root) if importer == "tools/quote.py"}
    assert imported == {"jtconv/models/__init__.py", "jtconv/__init__.py"}


def test_an_import_within_a_row_is_seen(build):
    imports = imports_of(build({"benchmarks/time.py": "from experiments import run"}))
    assert upward(imports, TABLE) == ["benchmarks/time.py (benchmarks) imports experiments/run.py (experiments)"]


def test_an_import_of_the_public_list_from_below_is_seen(build):
    imports = imports_of(build({"jtconv/_compute/cpu/library.py": "import jtconv"}))
    assert upward(imports, TABLE) == [
        "jtconv/_compute/cpu/library.py (_compute/cpu) imports jtconv/__init__.py (jtconv)"
    ]


def test_rooms_beside_the_table_are_seen(build):
    rooms = rooms_of(build({"jtconv/_conv.py": "", "jtconv/_compute/gpu/__init__.py": ""}))
    table = [*TABLE, ["_geometry", "_matrix"]]
    assert misplaced(rooms, table) == [
        "_compute/gpu is 0 times in the table",
        "_conv is 0 times in the table",
        "_geometry is 2 times in the table",
        "_matrix is in the table alone",
    ]


def test_a_circle_within_a_room_is_seen(build):
    names = [f"jtconv/models/_{name}.py" for name in "abc"]
    texts = [f"def f():\n    from jtconv.models import _{name}" for name in "bca"]
    assert set(circle(imports_of(build(dict(zip(names, texts, strict=True)))))) == set(names)


def test_a_circle_goes_the_way_of_the_imports():
    found = circle([Import("a", "b"), Import("b", "c"), Import("c", "a"), Import("c", "d")])
    assert found[0] == found[-1]
    assert next(pairwise(found)) in [("a", "b"), ("b", "c"), ("c", "a")]


# --- numbers ---------------------------------------------------------------------------------


def chain(n):
    return {Import(f"jtconv/_{i}.py", f"jtconv/_{i + 1}.py") for i in range(n - 1)}


def test_too_many_rooms_and_floors_are_seen():
    assert too_many(chain(MAX_FLOORS), {f"_{i}" for i in range(MAX_ROOMS)}) == []
    assert too_many(chain(MAX_FLOORS + 1), set()) == [f"{MAX_FLOORS + 1} floors, more than {MAX_FLOORS}"]
    assert too_many(set(), {f"_{i}" for i in range(MAX_ROOMS + 1)}) == [f"{MAX_ROOMS + 1} rooms, more than {MAX_ROOMS}"]


def test_floors_are_counted_along_the_longest_path():
    assert floors({*chain(5), Import("jtconv/_0.py", "jtconv/_4.py")}) == {"_4": 1, "_3": 2, "_2": 3, "_1": 4, "_0": 5}


def test_lines_are_those_of_the_packages_files_without_their_lists(build):
    lines = lines_of(build({"jtconv/_conv.py": "x = 1\n" * 50}))
    assert lines["jtconv/_conv.py"] == 50
    assert set(lines) == {"jtconv/_conv.py", *(f for f in HOUSE if f.count("/") > 1 and "__init__" not in f)}


def test_a_file_that_is_too_large_is_seen():
    low, high = MEDIAN_LINES
    assert out_of_size({"a": 1, "b": low, "c": MAX_LINES}) == []
    assert out_of_size({"a": 1, "b": high, "c": MAX_LINES + 1}) == [
        f"c has {MAX_LINES + 1} lines, more than {MAX_LINES}"
    ]
    for n in (low - 1, high + 1):
        assert out_of_size({"a": 1, "b": n, "c": MAX_LINES}) == [f"the median file has {n} lines, not {low} to {high}"]


# --- what packages say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "has no docstring"),
        ('"""Networks."""', 'does not say "May import …"'),
        ('"""Networks. May import `_geometry`."""', "imports _compute, _compute/cpu, which it does not name"),
        ('"""Networks. May import `_arrays`."""', "names _arrays, which is no room"),
        (
            '"""Networks. May import nothing of this package."""',
            "imports _compute, _compute/cpu, _geometry, which it does not name",
        ),
        ('"""Networks. May import `_compute` and all that it may import."""', None),
        ('"""Networks. May import jax, NumPy, `jtconv._compute` and `_geometry/`."""', None),
    ],
)
def test_what_a_package_does_not_say_is_seen(build, text, wrong):
    root = build({"jtconv/models/__init__.py": text})
    assert unsaid(root, imports_of(root)) == ([f"jtconv/models/__init__.py: {wrong}"] if wrong else [])
