"""Settings out of bounds, in one line."""

from typing import Any

MOST_SEED = 2**32  # JAX drops higher bits, and scikit-learn refuses them


def check(settings: Any, name: str, holds: bool, rule: str) -> None:
    """Raise ValueError unless `rule` holds of the field `name` of `settings`."""
    if not holds:
        raise ValueError(f"`{name}` must be {rule}, got {getattr(settings, name)!r}.")


def check_counts(settings: Any, *names: str) -> None:
    for name in names:
        check(settings, name, getattr(settings, name) >= 1, "at least 1")


def check_seed(settings: Any) -> None:
    check(settings, "seed", 0 <= settings.seed < MOST_SEED, "in [0, 2**32)")
