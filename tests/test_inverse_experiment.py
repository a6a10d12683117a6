"""The experiment on the inverse problem: end to end on a small piece of the photograph, and its parts."""

import json

import jax
import numpy as np
import pytest

from experiments.held_out import psnr, ssim
from experiments.inverse.__main__ import main
from experiments.inverse.observe import Config, observe
from experiments.inverse.solve import bicubic, cross_validation, solve

ARGUMENTS = ["--size", "32", "48", "--iterations", "30", "--penalties", "0.001", "0.01"]
SMALL = Config(size=(16, 24), penalties=(1e-2,))


@pytest.fixture(autouse=True)
def _single_precision():
    """Users run it without x64."""
    with jax.enable_x64(False):
        yield


@pytest.fixture(scope="module")
def seen():
    with jax.enable_x64(False):
        return observe(SMALL)


def test_end_to_end(tmp_path, capsys):
    assert main([*ARGUMENTS, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "by generalised cross-validation" in printed
    results = json.loads((tmp_path / "out" / "scores.json").read_text())
    scores = {name: score["psnr"] for name, score in results["scores"].items()}
    assert scores["transpose"] < scores["first"] < scores["penalised"]
    assert scores["bicubic"] < scores["penalised"]
    assert len(results["psnr_by_step"]["plain"]) == 30
    assert results["penalty"] in (0.001, 0.01)
    assert (tmp_path / "out" / "inverse.png").read_bytes().startswith(b"\x89PNG")


def test_solution_and_score_are_those_of_dense_algebra(seen):
    """The score's trace is estimated by one probe: compared with that probe's, exactly."""
    c = np.asarray(seen.operator.todense(), np.float64)
    d = np.asarray(seen.differences.todense(), np.float64)
    normal = c.T @ c + 1e-2 * d.T @ d
    exact = np.linalg.solve(normal, c.T @ seen.y)
    found = solve(seen, seen.y, 1e-2, 500)
    assert np.linalg.norm(found - exact) < 1e-2 * np.linalg.norm(exact)
    score, solution = cross_validation(seen, 1e-2, 500, 0)
    np.testing.assert_array_equal(solution, found)
    probe = np.random.default_rng(0).choice([-1.0, 1.0], seen.y.size)
    trace = probe @ (probe - c @ np.linalg.solve(normal, c.T @ probe))
    expected = seen.y.size * np.sum((c @ exact - seen.y) ** 2) / trace**2
    np.testing.assert_allclose(score, expected, rtol=1e-2)


def test_the_first_step_is_the_transpose_times_the_best_factor(seen):
    y = seen.y.astype(np.float64)
    transposed = np.asarray(seen.operator.T @ seen.y, np.float64)
    back = np.asarray(seen.operator @ transposed, np.float64)
    best = (back @ y) / (back @ back)
    np.testing.assert_allclose(solve(seen, seen.y, 0.0, 1), best * transposed, rtol=1e-4)


def test_differences_are_those_of_neighbours(seen):
    x = seen.photograph
    found = np.asarray(seen.differences @ x.ravel()).reshape(*x.shape, 2)
    np.testing.assert_allclose(found[..., 0], np.diff(x, axis=1, append=x[:, -1:]), atol=1e-6)
    np.testing.assert_allclose(found[..., 1], np.diff(x, axis=0, append=x[-1:]), atol=1e-6)


def test_bicubic_meets_the_observed_pixels(seen):
    """Interpolation: at the pixels that the observed ones are centred on it has their values."""
    np.testing.assert_allclose(bicubic(seen)[::2, ::2], seen.low_resolution, atol=1e-5)


def test_measures():
    rng = np.random.default_rng(0)
    x = rng.random((20, 23, 3))
    assert psnr(x + 0.1, x) == pytest.approx(20)
    assert ssim(x, x) == pytest.approx(1, abs=1e-5)
    noisy = x + 0.3 * rng.standard_normal(x.shape)
    assert ssim(noisy, x) == pytest.approx(ssim_by_loops(noisy, x), abs=1e-4)


def ssim_by_loops(a, b):
    line = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights = np.outer(line, line) / line.sum() ** 2
    values = []
    for row, column, colour in np.ndindex(a.shape[0] - 10, a.shape[1] - 10, 3):
        p, q = (x[row : row + 11, column : column + 11, colour] for x in (a, b))
        mean_p, mean_q = np.sum(weights * p), np.sum(weights * q)
        var_p, var_q = np.sum(weights * (p - mean_p) ** 2), np.sum(weights * (q - mean_q) ** 2)
        covariance = np.sum(weights * (p - mean_p) * (q - mean_q))
        of_means = (2 * mean_p * mean_q + 1e-4) / (mean_p**2 + mean_q**2 + 1e-4)
        values.append(of_means * (2 * covariance + 9e-4) / (var_p + var_q + 9e-4))
    return np.mean(values)


SETTINGS = {"strides": "0", "blur": "0", "noise": "nan", "iterations": "1", "seed": "-1", "penalties": "-1"}


@pytest.mark.parametrize(("name", "value"), [*SETTINGS.items(), ("size", "8 9")])
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, name, value):
    arguments = [f"--{name}", *value.split()] if name == "size" else [f"--{name}={value}"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"`{name}` must be ")
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_hold_results_is_refused(tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert main([*ARGUMENTS, "--out", str(tmp_path / "out")]) == 2
    assert "choose another --out" in capsys.readouterr().err
