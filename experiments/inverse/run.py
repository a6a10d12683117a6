"""The experiment: every way of going back from y, and how near each comes to the photograph."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from experiments.inverse.config import Config
from experiments.inverse.measures import psnr, ssim
from experiments.inverse.observe import Image, Observation, observe
from experiments.inverse.solve import Vector, bicubic, cross_validation, solve


class Attempt(NamedTuple):
    """One way back, and how good."""

    name: str
    image: Image
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Result:
    """All that is shown. PSNR by conjugate gradient step in `curves`, by λ in `choices` with its score."""

    seen: Observation
    attempts: dict[str, Attempt]
    penalty: float
    choices: list[tuple[float, float, float]]  # λ, cross-validation score, PSNR
    curves: dict[str, list[float]] = field(default_factory=dict)


def run(config: Config) -> Result:
    seen = observe(config)
    photograph = seen.photograph
    transposed = np.asarray(seen.operator.T @ seen.y)
    choices = [
        (penalty, *cross_validation(seen, penalty, config.iterations, config.seed)) for penalty in config.penalties
    ]
    penalty = min(choices, key=lambda choice: choice[1])[0]
    curves: dict[str, list[float]] = {"plain": [], "penalised": []}
    ends = {
        name: solve(
            seen, seen.y, chosen, config.iterations, lambda x, name=name: curves[name].append(psnr(x, photograph))
        )
        for name, chosen in (("plain", 0.0), ("penalised", penalty))
    }
    first = solve(seen, seen.y, 0.0, 1)
    steps = {name: len(curve) for name, curve in curves.items()}
    attempts = {
        "transpose": attempt("Cᵀ y", transposed, seen),
        "first": attempt("Cᵀ y times the best factor (CG step 1)", first, seen),
        "bicubic": attempt("bicubic interpolation of y", bicubic(seen), seen),
        "plain": attempt(f"least squares, {steps['plain']} CG steps", ends["plain"], seen),
        "penalised": attempt(f"least squares, λ = {penalty:g}, {steps['penalised']} CG steps", ends["penalised"], seen),
    }
    return Result(seen, attempts, penalty, [(p, score, psnr(x, photograph)) for p, score, x in choices], curves)


def attempt(name: str, x: Vector, seen: Observation) -> Attempt:
    """Values outside [0, 1] are clipped, as they would be in a file."""
    image = np.clip(np.asarray(x, np.float32).reshape(seen.photograph.shape), 0, 1)
    return Attempt(name, image, psnr(image, seen.photograph), ssim(image, seen.photograph))
