"""In a program for many devices XLA divides our maps as it divides lax's convolutions."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jax import export

from jtconv import ConvGeometry
from jtconv._geometry.division import divide, sizes_of
from jtconv._geometry.mesh_axes import common_mesh

ROOT = Path(__file__).parents[1]


def on_eight_devices(*arguments: str) -> str:
    """Run in a process of its own: the number of CPU devices is fixed when JAX starts."""
    command = [sys.executable, "-W", "error", "-m", "tests.checks.divided_devices", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["auto", "explicit"])
def test_random_layers_on_random_meshes_are_equal_to_whole_ones(kind, request):
    count = 300 if request.config.getoption("examples") == "thorough" else 8
    assert on_eight_devices(kind, "--count", str(count)).startswith(f"{count} layers equal")


def test_only_sums_and_halos_travel():
    assert on_eight_devices("collectives") == "as counted by hand\n"


# The choice of what to cut, by hand.

LAYER = ConvGeometry((3,), padding=1).at((8,))
X, W, Y = (4, 8, 6), (3, 6, 10), (4, 8, 10)


def cuts(x, w, y=((), (), ()), mesh=None, spec=LAYER, shapes=(X, W)):
    return divide("xwy", spec, shapes, (x, w, y), mesh or {"a": 2}).cuts


def test_what_is_cut_alike_stays():
    assert cuts((("a",), (), ()), ((), (), ())) == {"n": ("a",)}
    assert cuts(((), ("a",), ()), ((), (), ())) == {"s0": ("a",)}
    assert cuts(((), (), ("a",)), ((), ("a",), ())) == {"i": ("a",)}
    assert cuts(((), (), ()), ((), (), ("a",)), ((), (), ("a",))) == {"o": ("a",)}


def test_of_two_proposals_the_one_that_moves_less_is_taken():
    small_kernel = cuts((("a",), (), ()), ((), (), ("a",)), (("a",), (), ()))
    assert small_kernel == {"n": ("a",)}  # the kernel is gathered: 180 numbers against 192 of x
    wide = (3, 6, 400)
    assert cuts((("a",), (), ()), ((), (), ("a",)), ((), (), ("a",)), shapes=(X, wide)) == {"o": ("a",)}


def test_what_does_not_divide_is_not_cut():
    assert cuts((("b",), (), ()), ((), (), ()), mesh={"b": 3}) == {}
    ring = ConvGeometry((3,), padding=1, padding_mode="circular").at((8,))
    assert cuts(((), ("b",), ()), ((), (), ()), mesh={"b": 3}, spec=ring) == {}
    assert cuts(((), ("b",), ()), ((), (), ()), mesh={"b": 3}) == {"s0": ("b",)}  # by blocks of 3, 3 and 2


def test_a_size_that_export_leaves_open_is_compared_as_a_number():
    (batch,) = export.symbolic_shape("2*b")
    assert cuts((("a",), (), ()), ((), (), ()), shapes=((batch, 8, 6), W)) == {"n": ("a",)}
    assert cuts((("a",), (), ()), ((), (), ("a",)), shapes=((batch, 8, 6), W)) == {"n": ("a",)}


def test_channels_of_groups_are_cut_only_where_a_device_has_one_group():
    spec, shapes = ConvGeometry((3,), padding=1, groups=2).at((8,)), ((4, 8, 8), (3, 4, 12))
    mesh = {"a": 2, "b": 2}
    by_groups = (((), (), ("a",)), ((), (), ("a",)))
    assert cuts(*by_groups, mesh=mesh, spec=spec, shapes=shapes) == {"g": ("a",)}
    both = (((), (), ("a", "b")), ((), ("b",), ("a",)))
    assert cuts(*both, mesh=mesh, spec=spec, shapes=shapes) == {"g": ("a",), "i": ("b",)}
    alone = (((), (), ()), ((), ("b",), ()))
    assert cuts(*alone, mesh=mesh, spec=spec, shapes=shapes) == {}


def test_sizes_follow_from_any_two_arrays():
    spec = ConvGeometry((3,), groups=2).at((8,))
    sizes = {"n": 4, "g": 2, "i": 3, "o": 5}
    shapes = {"x": (4, 8, 6), "w": (3, 3, 10), "y": (4, 6, 10)}
    for roles in ("xwy", "ywx", "xyw"):
        assert sizes_of(roles, spec, [shapes[role] for role in roles[:2]]) == sizes


def parts_on(mesh, cuts):
    """The part of each axis that each device has, in a loop over devices."""
    rows = []
    for place in itertools.product(*(range(size) for size in mesh.values())):
        at, row = dict(zip(mesh, place, strict=True)), []
        for names in cuts:
            part = 0
            for name in names:
                part = part * mesh[name] + at[name]
            row.append(part)
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(
    "mesh", [{"a": 8}, {"a": 2, "b": 4}, {"a": 3, "b": 2}, {"a": 2, "b": 3}, {"a": 2, "b": 3, "c": 2}]
)
def test_axes_of_a_mesh_are_found_from_what_each_device_has(mesh):
    names = list(mesh)
    arrays = [[(names[0],), ()], [(), tuple(names)], [tuple(reversed(names)), ()], [(), (names[-1],)]]
    tables = [parts_on(mesh, cuts) for cuts in arrays]
    found, placements = common_mesh(tables)
    assert np.prod(list(found.values())) == np.prod(list(mesh.values()))
    for table, placement in zip(tables, placements, strict=True):
        np.testing.assert_array_equal(parts_on(found, placement), table)


def test_parts_that_no_mesh_explains_are_gathered():
    scattered = np.array([[0], [1], [1], [0]])
    assert common_mesh([scattered])[1] == [((),)]
