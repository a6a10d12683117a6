"""A case: a file of some kind, damaged or not, a function of the seed and the number."""

import functools
import random
from typing import NamedTuple

from tests.checks.fuzz.files.damage import DAMAGES, OF_TEXTS, with_fitting_checksums
from tests.checks.fuzz.files.folders import folder_kinds
from tests.checks.fuzz.files.kinds import KINDS, Kind

SOUND_SHARE = 0.03
DAMAGED = (1, 1, 1, 2, 3)  # how many times


class File(NamedTuple):
    """The file, and what became of it in words."""

    kind: Kind
    data: bytes
    history: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"{self.kind.name}, {len(self.data):,} bytes: {', '.join(self.history) or 'sound'}"


@functools.cache
def weighted() -> list[Kind]:
    return [kind for kind in (*KINDS, *folder_kinds()) for _ in range(kind.weight)]


@functools.cache
def sound(kind: Kind) -> bytes:
    return kind.sound()


def draw(seed: int, number: int) -> File:
    """Case `number`."""
    rng = random.Random(f"files/{seed}/{number}")
    kind = rng.choice(weighted())
    data, history = sound(kind), []
    if rng.random() > SOUND_SHARE:
        for damage in rng.choices(OF_TEXTS if kind.is_text else DAMAGES, k=rng.choice(DAMAGED)):
            data = damage(data, rng)
            history.append(damage.__name__)
        if rng.random() < 0.5:
            data = with_fitting_checksums(data)
            history.append("checksums fitted")
    return File(kind, data, tuple(history))
