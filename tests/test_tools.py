"""JAX's own tools see our layers as they see lax's: each tool on ten random layers and all three maps, beside lax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.ad_checkpoint import checkpoint_name
from oracles import run_once

import jtconv
from benchmarks import tools
from benchmarks.tools import MAPS, Layer
from jtconv.nn import Conv, ConvTranspose

POLICIES = jax.checkpoint_policies


@pytest.fixture(params=range(10))
def layer(request):
    return Layer(request.param)


@pytest.fixture(params=MAPS)
def which(request):
    return request.param


# --- jax_debug_nans and jax_debug_infs

# Products of these are not finite: not a number, or too large.
BAD = {"jax_debug_nans": (np.inf, 0.0, "nan"), "jax_debug_infs": (2e38, 3e38, "inf")}


@pytest.fixture(params=BAD)
def debug(request):
    """One of the options, on within a test."""
    with tools.configured(request.param):
        yield request.param


@pytest.mark.parametrize("jitted", [False, True])
def test_nan_and_infinity_are_found_where_they_arise(layer, which, debug, jitted):
    """In a jitted function, too, with other operations behind it."""
    *values, word = BAD[debug]
    f = layer.ours(which)
    run = jax.jit(lambda a, b: f(a, b) * 2 + 1) if jitted else f
    with pytest.raises(FloatingPointError, match=f"invalid value \\({word}\\) encountered in {MAPS[which]}"):
        run(*layer.filled(which, *values))


def test_finite_values_pass(layer, which, debug):
    assert np.isfinite(layer.ours(which)(*layer.arrays(which))).all()


# --- checkify


def test_checkify_finds_nan(layer, which):
    assert tools.checks(layer, which)


# --- Taylor mode


def test_taylor_coefficients_are_those_of_lax(layer, which):
    assert tools.taylor(layer, which)


# --- FLOPs


@pytest.mark.parametrize("compiled", [False, True])
def test_flops_are_those_of_lax(layer, which, compiled):
    assert tools.flops(compiled, layer, which)


def test_flops_of_modules_in_a_table():
    class Two(nnx.Module):
        def __init__(self):
            self.down = Conv(3, 8, (3, 3), strides=2, padding=1, rngs=nnx.Rngs(0))
            self.up = ConvTranspose(8, 3, (4, 4), strides=2, padding=1, rngs=nnx.Rngs(1))

        def __call__(self, x):
            return self.up(self.down(x))

    text = nnx.tabulate(Two(), jnp.ones((1, 16, 12, 3)), compute_flops=True, console_kwargs={"width": 200})
    rows = {name: line for line in text.splitlines() for name in ("down", "up") if f" {name} " in line}
    for name, products in {"down": 8 * 6 * 9 * 3 * 8, "up": 8 * 6 * 16 * 3 * 8}.items():
        cells = [cell.strip().replace(",", "") for cell in rows[name].split("│")]
        told = max(int(cell) for cell in cells if cell.isdigit())
        assert 0.8 * 2 * products <= told <= 1.1 * 2 * products  # less what falls on padding, with the bias


# --- rematerialisation


@pytest.mark.parametrize("name", ["dots_saveable", "dots_with_no_batch_dims_saveable", "nothing_saveable"])
def test_policies_save_our_results_as_they_save_lax(layer, which, name):
    assert tools.saves(getattr(POLICIES, name), layer, which)


KERNEL, IMAGE = jnp.ones((3, 4, 4)), jnp.ones((9, 4))


def two_layers(y):
    """The first one's result has a name."""
    first = checkpoint_name(jtconv.conv_transpose(y, KERNEL, padding=1), "mine")
    return jnp.sin(jtconv.conv_transpose(jnp.sin(first), KERNEL, padding=1)).sum()


@pytest.mark.parametrize(
    ("policy", "times"),
    [(POLICIES.dots_saveable, 2), (POLICIES.nothing_saveable, 4), (POLICIES.save_only_these_names("mine"), 3)],
)
def test_what_is_saved_is_not_computed_again(policy, times):
    program = jax.make_jaxpr(jax.grad(jax.checkpoint(two_layers, policy=policy)))(IMAGE)
    assert operations(program.jaxpr).count("jtconv_transposed") == times


def operations(jaxpr):
    """The names of a program's operations, those of inner programs too."""
    inner = [getattr(value, "jaxpr", value) for eqn in jaxpr.eqns for value in eqn.params.values()]
    nested = [operations(one) for one in inner if hasattr(one, "eqns")]
    return [eqn.primitive.name for eqn in jaxpr.eqns] + [name for names in nested for name in names]


def test_offloading_by_name():
    policy = POLICIES.save_and_offload_only_these_names(
        names_which_can_be_saved=[],
        names_which_can_be_offloaded=["mine"],
        offload_src="device",
        offload_dst="pinned_host",
    )
    program = jax.make_jaxpr(jax.grad(jax.checkpoint(two_layers, policy=policy)))(IMAGE)
    assert operations(program.jaxpr).count("jtconv_transposed") == 3
    assert operations(program.jaxpr).count("device_put") == 2  # there and back


def test_rematerialised_gradients_are_right(layer, which):
    f, arrays = layer.ours(which), layer.arrays(which)

    def loss(a, b):
        return jnp.sin(f(a, b)).sum()

    expected = run_once(jax.grad(loss, (0, 1)), *arrays)
    for policy in (POLICIES.dots_saveable, POLICIES.nothing_saveable):
        again = run_once(jax.grad(jax.checkpoint(loss, policy=policy), (0, 1)), *arrays)
        for one, right in zip(again, expected, strict=True):
            np.testing.assert_array_equal(one, right)
