"""The newest checkpoint damaged: it is said which, and without it the run goes on from the one before."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.checks.faults.bench import Bench
from tests.checks.faults.results import check_finished, check_one_line, newest

Damage = Callable[[Path, random.Random], None]


def damaged_checkpoints(bench: Bench) -> str:
    """Every kind of file in it, with every kind of damage."""
    rng, refused, harmless = random.Random(bench.seed), 0, 0
    for number, pattern in enumerate(PATTERNS):
        for damage in DAMAGES:
            if damage_and_resume(bench, f"damaged-{number}-{damage.__name__}", pattern, damage, rng):
                refused += 1
            else:
                harmless += 1
    return f"{refused} damaged checkpoints named, {harmless} read all the same (what was lost is not needed)"


# What a checkpoint is made of: the largest data file, the index, the digest, the mark that it is whole.
PATTERNS = ("state/ocdbt.process_0/d/*", "state/**/manifest.ocdbt", "digest/metadata", "_CHECKPOINT_METADATA")


def damage_and_resume(bench: Bench, name: str, pattern: str, damage: Damage, rng: random.Random) -> bool:
    """Tell whether the damage was noticed; repair it as the message says, and check the results."""
    folder = bench.copy(name)
    checkpoint = folder / "checkpoints" / str(newest(folder))
    files = sorted(checkpoint.glob(pattern), key=lambda file: file.stat().st_size)
    assert files, f"no {pattern} in {checkpoint}"
    damage(files[-1], rng)
    end = bench.commands.run(folder)
    noticed = end.status != 0
    if noticed:
        check_one_line(end, str(checkpoint), "is damaged", "delete it")
        shutil.rmtree(checkpoint)
        end = bench.commands.run(folder)
    check_finished(end, folder, bench.reference)
    shutil.rmtree(folder)
    return noticed


def flipped(file: Path, rng: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(bytes(data))


def truncated(file: Path, rng: random.Random) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: rng.randrange(len(data))])


def gone(file: Path, rng: random.Random) -> None:
    file.unlink()


DAMAGES = (flipped, truncated, gone)
