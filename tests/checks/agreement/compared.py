"""One configuration, run by the peer and by its adapter."""

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

import jax
import numpy as np

from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.differences import difference_for
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.programs import Numbers, Program, program_of
from tests.checks.agreement.rounding import excess

KINDS = ("compared", "both refuse", "deliberate difference", "failure")
HALVES = ("bfloat16", "float16")


@dataclass(frozen=True)
class Peer:
    """A framework and its adapter: all that the comparison has to know of it.

    Attributes:
      name: the adapter's.
      packages: the distributions whose versions the report names.
      adapter: `jtconv.compat`'s module.
      draw: makes a call that the framework takes, or nearly all of them.
      draws: how many of them.
      mistakes: arguments, one set for each call, of which something is wrong for this layer.
      theirs: the framework's own function for a configuration, of the arrays alone. What it refuses
        may be raised here or when the function is called.
      grid: further calls, written out.
      more: further calls that are refused, or might be, made from a good one.
      goods: how many good calls `mistakes` and `more` are made from.
      program: turns `theirs` into a program that computes the gradients, too.
      differentiates: whether the framework's own gradients of a call are right.
      wide: a dtype of which the peer has every function, for the size of the terms in the half types.
    """

    name: str
    packages: tuple[str, ...]
    adapter: ModuleType
    draw: Callable[[Draw], Configuration]
    draws: int
    mistakes: Callable[[Layer], Iterable[dict[str, Any]]]
    theirs: Callable[[Configuration], Callable[..., Any]]
    grid: Callable[[], Iterable[Configuration]] = tuple
    more: Callable[[Configuration], Iterable[Configuration]] = lambda good: ()
    goods: int = 6
    program: Callable[[Callable[..., Any]], Program] = program_of
    differentiates: Callable[[Configuration], bool] = lambda configuration: True
    wide: str = "float64"

    def configurations(self) -> list[Configuration]:
        """All calls, the same ones every time: the grid, the drawn ones, and good ones with a mistake."""
        calls = itertools.chain(self.grid(), map(self.draw, map(Draw, range(self.draws))), self._refused())
        return [replace(c, seed=i, gradients=c.gradients and self.differentiates(c)) for i, c in enumerate(calls)]

    def _refused(self) -> Iterator[Configuration]:
        for number in range(self.goods):
            good = replace(self.draw(Draw(10_000 + number, (number % 3 + 1,))), edge=True)
            yield from (replace(good, arguments=good.arguments | wrong) for wrong in self.mistakes(good.layer))
            yield from self.more(good)


def named_in(module: Any) -> Callable[[Configuration], Callable[..., Any]]:
    """The function of a configuration's name in the peer's module, with its arguments."""
    return lambda configuration: partial(getattr(module, configuration.function), **configuration.arguments)


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
