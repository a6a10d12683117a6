"""Images cut over devices: which halos travel, in integers, and that the numbers are those of the whole image."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import geometries, padded_sources

import jtconv
from jtconv import spatial
from jtconv._geometry.axis_plan import AxisPlan, axis_plans

ROOT = Path(__file__).parent.parent


def on_eight_devices(*arguments: str) -> str:
    """Run in a process of its own: the number of CPU devices is fixed when JAX starts."""
    command = [sys.executable, "-W", "error", "-m", "tests.checks.spatial_devices", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_random_layers_cut_over_devices_are_equal_to_whole_ones(request):
    count = 500 if request.config.getoption("examples") == "thorough" else 12
    assert on_eight_devices("random", "--count", str(count)).startswith(f"{count} layers equal")


def test_only_halos_travel():
    assert on_eight_devices("collectives") == "halos only\n"


def test_transforms_and_dtypes():
    assert on_eight_devices("transforms") == "transformed\n"


# The plan, against a loop over devices, outputs and taps.


def blocks_with_halos(plan: AxisPlan) -> np.ndarray:
    """Position that each place of every device's extended block holds: (devices, extended), -1 for zeros."""
    before, after = plan.widths
    rows = []
    for p in range(plan.devices):
        held = np.arange(p * plan.input_block - before, (p + 1) * plan.input_block + after)
        outside = (held < 0) | (held >= plan.input_size)
        rows.append(held % plan.input_size if plan.cyclic else np.where(outside, -1, held))
    return np.array(rows)


def windows(plan: AxisPlan) -> np.ndarray:
    """Position that each place of every device's window copies, by the plan."""
    front, back = plan.strips
    found = []
    for p, block in enumerate(blocks_with_halos(plan)):
        padded = np.pad(block, plan.margins, constant_values=-1)
        start = plan.first_start + p * plan.drift
        window = padded[max(start, 0) : max(start, 0) + plan.window]
        window = np.pad(window, (0, plan.window - len(window)))  # of a device without outputs
        window[: front.shape[1]] = block[front[p]]
        window[plan.window - back.shape[1] :] = block[back[p]]
        found.append(window)
    return np.array(found)


@given(geometries(1), st.integers(2, 9))
def test_every_tap_finds_its_position(layer, devices):
    (size,), arguments = layer
    geometry = jtconv.ConvGeometry(**arguments)
    spec = geometry.at(size)
    if geometry.padding_mode == "circular" and size % devices:
        with pytest.raises(ValueError, match="no multiple of"):
            axis_plans(spec, (devices,))
        return
    (plan,) = axis_plans(spec, (devices,))
    assert plan is not None
    by_plan = windows(plan)
    line = padded_sources(size, spec.pads[0], geometry.padding_mode)
    (s,), (d,), (k,) = geometry.strides, geometry.dilation, geometry.kernel_size
    for o in range(spec.output_size[0]):
        p, inside = divmod(o, plan.output_block)
        for t in range(k):
            assert by_plan[p, s * inside + d * t] == line[s * o + d * t], (o, t)


@given(geometries(1), st.integers(2, 9))
def test_halos_are_no_wider_than_some_device_needs(layer, devices):
    (size,), arguments = layer
    geometry = jtconv.ConvGeometry(**arguments)
    if geometry.padding_mode == "circular":
        return  # the ring has no ends: counted on below
    spec = geometry.at(size)
    (plan,) = axis_plans(spec, (devices,))
    assert plan is not None
    line = padded_sources(size, spec.pads[0], geometry.padding_mode)
    (s,), (reach,) = geometry.strides, geometry.effective_kernel_size
    before = after = 0
    for p in range(devices):
        outputs = range(p * plan.output_block, min((p + 1) * plan.output_block, spec.output_size[0]))
        if outputs:
            read = line[s * outputs[0] : s * outputs[-1] + reach]
            read = read[read >= 0]
            if len(read):
                before = max(before, p * plan.input_block - read.min())
                after = max(after, read.max() - ((p + 1) * plan.input_block - 1))
    assert plan.widths == (before, after)
    for width in plan.widths:
        assert sum(n for _, n in plan.hops(width)) == width
        assert all(distance < devices for distance, _ in plan.hops(width))


def test_halo_of_known_layers():
    assert spatial.halo(64, 3, devices=8, padding=1).widths == ((1, 1),)
    assert spatial.halo((64, 64), (4, 4), devices=(8, 1), strides=2, padding=1).widths == ((1, 1), (0, 0))
    assert spatial.halo(64, 2, devices=8, strides=2).widths == ((0, 0),)
    assert spatial.halo(64, 3, devices=8, padding="CAUSAL").widths == ((2, 0),)
    assert spatial.halo(64, 3, devices=8, padding=2, dilation=2, padding_mode="circular").widths == ((2, 2),)


def test_a_halo_between_very_many_devices():
    assert spatial.halo(100, 3, devices=10**9, padding=1).widths == ((1, 1),)


@pytest.mark.parametrize("wrong", [{"channels": "a"}, {"channels": 1.5}, {"batch": -1}, {"dtype": "foo"}])
def test_wrong_arguments_of_bytes_sent(wrong):
    (name,) = wrong
    with pytest.raises((TypeError, ValueError), match=f"`{name}` must be"):
        spatial.halo(8, 3, devices=2).bytes_sent(**{"channels": 1, **wrong})


def test_bytes_of_a_halo():
    # 1 row of 64 columns before and after, then 1 column of 16 + 2 rows: 3 channels of 4 bytes.
    layer = spatial.halo((64, 64), (3, 3), devices=(4, 4), padding=1)
    assert layer.input_blocks == layer.output_blocks == (16, 16)
    assert layer.bytes_sent(3) == (2 * 16 + 2 * 18) * 3 * 4
    assert layer.bytes_sent(3, batch=5, dtype=jnp.float64) == 10 * layer.bytes_sent(3)
    # A ring of 2 with halos of 5, blocks of 4: 4 + 1 from the left, of which 1 is the device's own, and no more.
    assert spatial.halo(8, 6, devices=2, padding=((5, 0),), padding_mode="circular").bytes_sent(1) == 4 * 4


@pytest.fixture(scope="module")
def mesh():
    return jax.make_mesh((1, 1), ("rows", "columns"))


X, KERNEL = np.ones((2, 8, 6, 3)), np.ones((3, 3, 3, 2))


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"mesh": None}, TypeError, "`mesh` must be a jax.sharding.Mesh"),
        ({"split": "rows"}, TypeError, "`split` must be a tuple of mesh axes' names"),
        ({"split": ("rows",)}, ValueError, "`split` must have 2 entries"),
        ({"split": ("rows", "planes")}, ValueError, "must name axes of the mesh, ('rows', 'columns'), or be None"),
        ({"split": ("rows", "rows")}, ValueError, "each mesh axis at most once, got 'rows' twice"),
        ({"split": ("rows", None), "batch": "rows"}, ValueError, "each mesh axis at most once"),
        ({"batch": "planes"}, ValueError, "must name axes of the mesh"),
        ({"x": X[0], "batch": "columns"}, ValueError, "`batch` must be None for an image without batch axes"),
        ({"x": X[..., :2]}, ValueError, "`x` must have 3 channels"),
        ({"strides": 0}, ValueError, "`strides` must be at least 1"),
    ],
)
def test_wrong_arguments(mesh, changed, error, message):
    arguments = {"x": X, "kernel": KERNEL, "mesh": mesh, "split": ("rows", None)} | changed
    with pytest.raises(error) as raised:
        spatial.conv(**arguments)
    assert message in str(raised.value)


def test_wrong_method(mesh):
    with pytest.raises(ValueError, match="`method` must be one of"):
        spatial.conv_transpose(np.ones((5, 5, 2)), KERNEL, mesh=mesh, split=("rows", None), method="fft")


def test_importing_jtconv_leaves_it_out():
    program = "import jtconv, sys; assert not any(m.startswith('jtconv.spatial') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
