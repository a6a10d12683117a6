"""`verify_transpose`, and that it sees a wrong method."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jtconv import METHODS, verify_transpose
from jtconv._primitives.dispatch import REGISTRY
from jtconv._verify.layers import LAYERS
from jtconv._verify.verify import Check

KERNEL = np.random.default_rng(0).standard_normal((4, 3, 2, 3))
GEOMETRY = {"strides": 2, "padding": "SAME", "dilation": (1, 2)}


def test_thirty_layers_with_names_of_their_own():
    assert len(LAYERS) == len({layer.name for layer in LAYERS}) == 30
    assert {len(layer.input_size) for layer in LAYERS} == {1, 2, 3}


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "complex64"])
def test_right_methods_pass(dtype):
    report = verify_transpose(jnp.asarray(KERNEL, dtype), (9, 10), **GEOMETRY)
    assert report.ok, str(report)
    names = [check.name.split()[0] for check in report.checks]
    assert names == [*(m for m in METHODS if m != "vjp"), "kernel", "sum(C", "C"]
    assert all(check.of_bound < 1 for check in report.checks)


def test_large_layer_samples_the_jacobian():
    report = verify_transpose(np.ones((3, 3, 4, 2)), (16, 17))
    assert report.ok
    assert "512 of 1088 columns" in report.checks[-1].name


BROKEN = {
    "flipped": lambda right, y, kernel, spec, p: right(y, jnp.flip(kernel, (0, 1)), spec, p),
    "channels swapped": lambda right, y, kernel, spec, p: right(y, kernel[..., ::-1, :], spec, p),
    "shifted": lambda right, y, kernel, spec, p: jnp.roll(right(y, kernel, spec, p), 1, axis=1),
    "nan": lambda right, y, kernel, spec, p: right(y, kernel, spec, p) * jnp.nan,
    "one last digit": lambda right, y, kernel, spec, p: right(y, kernel, spec, p) * (1 + 1e-13),
}


def replaced_scatter(monkeypatch, broken):
    """`scatter` with a fault; without what was compiled before, which would hide it."""
    right = REGISTRY["transposed", "scatter"]
    jax.clear_caches()
    faulty = replace(right, run=lambda y, kernel, spec, p: broken(right.run, y, kernel, spec, p))
    monkeypatch.setitem(REGISTRY, ("transposed", "scatter"), faulty)


@pytest.fixture(autouse=True)
def _no_compilation_of_a_fault_survives():
    yield
    jax.clear_caches()


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_method_is_found_and_named(monkeypatch, fault):
    replaced_scatter(monkeypatch, BROKEN[fault])
    report = verify_transpose(KERNEL, (9, 10), **GEOMETRY)
    assert not report.ok
    assert [check.name for check in report.checks if not check.ok] == ["scatter against vjp"]
    assert report.worst.name == "scatter against vjp"
    assert "FAIL" in str(report)


@pytest.mark.parametrize("fault", [lambda right: right[::-1], lambda right: right * (1 + 1e-13)])
def test_a_broken_kernel_gradient_is_found_and_named(monkeypatch, fault):
    right = REGISTRY["kernel_gradient", "pieces"]
    first = {"supports": lambda _: True, "cost": lambda _: -1}
    faulty = replace(right, run=lambda *arguments: fault(right.run(*arguments)), **first)
    monkeypatch.setitem(REGISTRY, ("kernel_gradient", "pieces"), faulty)
    jax.clear_caches()
    report = verify_transpose(KERNEL, (9, 10), **GEOMETRY)
    assert [check.name for check in report.checks if not check.ok] == ["kernel gradient against vjp"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_no_excuse(monkeypatch, dtype):
    """All zeros would be within n·eps of a long sum, were eps that of half precision."""
    replaced_scatter(monkeypatch, lambda right, *arguments: 0 * right(*arguments))
    assert not verify_transpose(jnp.ones((4, 4, 3, 8), dtype), (7, 8)).ok


def test_a_symmetric_kernel_and_one_image_hide_nothing(monkeypatch):
    replaced_scatter(monkeypatch, BROKEN["flipped"])
    assert not verify_transpose(np.ones((3, 3, 2, 2)), (6, 7)).ok
    monkeypatch.undo()
    replaced_scatter(monkeypatch, lambda right, *arguments: right(*arguments)[::-1])
    assert not verify_transpose(KERNEL, (6, 7)).ok


def test_what_is_not_finite_fails_and_what_is_tiny_passes():
    infinite = KERNEL.copy()
    infinite[0, 0, 0, 0] = np.inf
    assert not verify_transpose(infinite, (6, 7)).ok
    assert verify_transpose(jnp.asarray(KERNEL * 1e-37, jnp.float32), (6, 7)).ok


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), ("a", TypeError)])
def test_seed(seed, error):
    with pytest.raises(error, match="`seed` must be"):
        verify_transpose(KERNEL, (6, 7), seed=seed)


def test_a_nan_is_not_within_its_bound():
    assert not Check("", float("nan"), float("nan"), float("nan")).ok
