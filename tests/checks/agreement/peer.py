"""What the comparison has to know of a framework."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.programs import Program, program_of


@dataclass(frozen=True)
class Peer:
    """A framework and its adapter.

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
