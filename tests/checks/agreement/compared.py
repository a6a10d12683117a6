"""One configuration, run by the peer and by its adapter."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import jax
import numpy as np

from tests.checks.agreement.configurations import Configuration
from tests.checks.agreement.differences import difference_for
from tests.checks.agreement.peer import Peer
from tests.checks.agreement.programs import Numbers, Program, program_of
from tests.checks.agreement.rounding import excess

KINDS = ("compared", "both refuse", "deliberate difference", "failure")
HALVES = ("bfloat16", "float16")


@dataclass(frozen=True)
class Outcome:
    """What came of a configuration: one of `KINDS`, and the reason for a difference or a failure."""

    configuration: Configuration
    kind: str
    words: str = ""


def compare(peer: Peer, configuration: Configuration) -> Outcome:
    """Run both. The adapter refuses by ValueError and TypeError only; the peer by whatever it raises."""
    arrays = configuration.arrays()
    ours = partial(getattr(peer.adapter, configuration.function), **configuration.arguments)
    try:
        x = jax.eval_shape(ours, *arrays)
    except (ValueError, TypeError) as error:
        return _refused_by_us(peer, configuration, arrays, error)
    cotangent = configuration.cotangent(x.shape, x.dtype) if configuration.gradients else None
    try:
        theirs = _run_theirs(peer, configuration, arrays, cotangent)
    except Exception as error:
        return _one_sided(peer, configuration, "only the peer refuses", error)
    size = _magnitudes(peer, configuration, arrays, cotangent, theirs)
    wrong = _wrong(configuration, program_of(ours)(arrays, cotangent), theirs.numbers, size)
    return Outcome(configuration, "failure" if wrong else "compared", wrong)


@dataclass(frozen=True)
class _Run:
    program: Program
    numbers: Numbers


def _run_theirs(
    peer: Peer, configuration: Configuration, arrays: Sequence[np.ndarray], cotangent: np.ndarray | None
) -> _Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        program = peer.program(peer.theirs(configuration))
        return _Run(program, program(arrays, cotangent))


def _magnitudes(
    peer: Peer,
    configuration: Configuration,
    arrays: Sequence[np.ndarray],
    cotangent: np.ndarray | None,
    theirs: _Run,
) -> Numbers:
    """The peer's numbers with every product made positive; in a wide type, where its own is a half."""
    absolute = tuple(np.abs(a).astype(a.dtype) for a in arrays)
    positive = None if cotangent is None else np.abs(cotangent).astype(cotangent.dtype)
    if configuration.dtype not in HALVES:
        return theirs.program(absolute, positive)
    wide = configuration.with_dtype(peer.wide)
    widened = None if positive is None else positive.astype(peer.wide)
    return _run_theirs(peer, wide, tuple(a.astype(peer.wide) for a in absolute), widened).numbers


def _wrong(configuration: Configuration, ours: Numbers, theirs: Numbers, sizes: Numbers) -> str:
    if len(ours) != len(theirs):
        return f"{len(ours)} results, theirs {len(theirs)}"
    names = ("result", "gradient of the input", "gradient of the kernel", "gradient of the bias")
    terms = configuration.terms(theirs[0].size // max(configuration.layer.x_ch, 1))
    found = []
    for name, x, y, size, count in zip(names, ours, theirs, sizes, terms, strict=False):
        problem = excess(x, y, size, count, configuration.dtype)
        found += [f"{name}: {problem}"] if problem else []
    return "; ".join(found)


def _refused_by_us(peer: Peer, configuration: Configuration, arrays: Sequence[np.ndarray], error: Exception) -> Outcome:
    try:
        x, other = (_run_theirs(peer, configuration, a, None).numbers[0] for a in (arrays, _shifted(arrays)))
    except Exception:
        return Outcome(configuration, "both refuse", str(error))
    notes = {"empty": 0 in x.shape, "zeros": bool((x == other).all())}
    noted = replace(configuration, private=configuration.private | notes)
    return _one_sided(peer, noted, "only the adapter refuses", error)


def _shifted(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """With another image, which shows whether it has a part in the result."""
    image, *others = arrays
    return (image + image.dtype.type(1), *others)


def _one_sided(peer: Peer, configuration: Configuration, who: str, error: Exception) -> Outcome:
    known = difference_for(peer.name, who, configuration)
    if known is not None:
        return Outcome(configuration, "deliberate difference", known)
    return Outcome(configuration, "failure", f"{who}: {type(error).__name__}: {str(error).splitlines()[0]}")
