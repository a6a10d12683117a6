"""The experiment: every method of going back from y, and its distance from the photograph."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.held_out import psnr, ssim
from experiments.inverse.observe import Config, Image, Observation, observe
from experiments.inverse.solve import Vector, bicubic, cross_validation, solve


class Attempt(NamedTuple):
    """One reconstruction, and how good it is."""

    name: str
    image: Image
    psnr: float
    ssim: float


class Choice(NamedTuple):
    """A λ, its score by cross-validation, and PSNR, which that does not know."""

    penalty: float
    score: float
    psnr: float


@dataclass(frozen=True)
class Result:
    """Everything that the table, the picture and the files show."""

    seen: Observation
    attempts: dict[str, Attempt]
    penalty: float  # the λ chosen
    choices: list[Choice]
    curves: dict[str, list[float]]  # PSNR after each conjugate gradient step


def run(config: Config) -> Result:
    seen = observe(config)
    choices = [choice(seen, penalty, config) for penalty in config.penalties]
    penalty = min(choices, key=lambda choice: choice.score).penalty
    plain, plain_curve = solve_watched(seen, 0.0, config.iterations)
    penalised, curve = solve_watched(seen, penalty, config.iterations)
    attempts = {
        "transpose": attempt("Cᵀ y", np.asarray(seen.operator.T @ seen.y), seen),
        "first": attempt("Cᵀ y times the best factor (CG step 1)", solve(seen, seen.y, 0.0, 1), seen),
        "bicubic": attempt("bicubic interpolation of y", bicubic(seen), seen),
        "plain": attempt(f"least squares, {len(plain_curve)} CG steps", plain, seen),
        "penalised": attempt(f"least squares, λ = {penalty:g}, {len(curve)} CG steps", penalised, seen),
    }
    return Result(seen, attempts, penalty, choices, {"plain": plain_curve, "penalised": curve})


def choice(seen: Observation, penalty: float, config: Config) -> Choice:
    score, x = cross_validation(seen, penalty, config.iterations, config.seed)
    return Choice(penalty, score, psnr(as_image(x, seen), seen.photograph))


def solve_watched(seen: Observation, penalty: float, iterations: int) -> tuple[Vector, list[float]]:
    """The solution, and PSNR after each step."""
    curve: list[float] = []
    x = solve(seen, seen.y, penalty, iterations, lambda x: curve.append(psnr(as_image(x, seen), seen.photograph)))
    return x, curve


def attempt(name: str, x: Vector, seen: Observation) -> Attempt:
    image = as_image(x, seen)
    return Attempt(name, image, psnr(image, seen.photograph), ssim(image, seen.photograph))


def as_image(x: Vector, seen: Observation) -> Image:
    """Values outside [0, 1] are clipped, as they would be in a file."""
    return np.clip(np.asarray(x, np.float32).reshape(seen.photograph.shape), 0, 1)
