"""Small functions that Python and the page's JavaScript must answer alike, in the words in which `repr` says it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

STEPS = (1, 2, 3)


@dataclass(frozen=True)
class Row:
    """A row of a table: a function, and what has no translation, which no translated function reads."""

    name: str
    run: Callable[[int], int]
    ratio: float = 0.5


def once(n: int) -> int:
    """Return the number."""
    return n


def twice(n: int) -> int:
    """Return the number doubled."""
    return 2 * n


ROWS = {"once": Row("one", once), "twice": Row("two", twice)}
NAMES = {"a": 1, "b": [2], 3: (4,)}


class Refusal(ValueError):
    """An exception of its own."""


class Word(str):
    """A kind of string."""


@dataclass(frozen=True)
class Box:
    """With a property, methods, and a default."""

    sides: tuple[int, ...]
    name: str = "box"

    @property
    def area(self) -> int:
        found = 1
        for side in self.sides:
            found *= side
        return found

    def scaled(self, *factors: int, by: int = 1, **named: Any) -> tuple[Any, ...]:
        sides = [side * factor * by for side, factor in zip(self.sides, factors, strict=False)]
        return (self.name, sides, named, self.area)


@dataclass(frozen=True, init=False)
class Square:
    """With an `__init__` that is written out."""

    side: int
    area: int

    def __init__(self, side: int, *, times: int = 1):
        for name, value in {"side": side, "area": side * side * times}.items():
            object.__setattr__(self, name, value)


def integers() -> list[Any]:
    """Return division and remainders on both sides of zero, powers of two and all comparisons."""
    pairs = [(a, b) for a in (-7, -1, 0, 5) for b in (-3, 2)]
    return [(a // b, a % b, divmod(a, b), a * b, -a, a - b, a < b <= 3 != a, a > b, a >= b, abs(a)) for a, b in pairs]


def sequences() -> list[Any]:
    """Return slices, sums and repetitions of tuples and lists, and what tells them apart."""
    numbers = list(range(5))
    some = tuple(numbers)
    numbers[0] = 9
    numbers.append(some[-1])
    return [
        *(some[1:3], numbers[-2:], some[:2] + some[3:], [0] * 2 + [1], (1,) * 3, 2 * "ab", ",".join(map(str, some))),
        *([1] == (1,), (1, (2,)) == (1, (2,)), [*some, *{"k": 1}], 3 in some, "b" in "abc", 7 not in numbers),
        *(some.index(3), len(some), (), [], [[]], isinstance(some, list), isinstance(numbers, tuple | str)),
    ]


def builtin_functions() -> list[Any]:
    """Return what Python's own functions give, with their keywords."""
    values = [3, -1, 2]
    return [
        *(min(values), max(4, 1), min([], default=7), max((), default=None), sum(values), sorted(values)),
        *(max(values, key=lambda value: -value), min(values, key=abs), sorted(values, key=abs), list(reversed(values))),
        *(any(v > 2 for v in values), all(values), list(zip(values, "ab")), list(enumerate("ab"))),  # noqa: B905
        *(list(range(5, 0, -2)), next((v for v in values if v < 0), None), next(iter_none(), "none"), int("-12")),
        *(bool([]), bool("0"), bool({}), bool(0), int(True), True + 1, getattr(Box((1,)), "size", 5), hasattr(1, "no")),
    ]


def iter_none() -> Iterator[int]:
    """Return what gives nothing."""
    return (step for step in STEPS if step > 3)


def dictionaries() -> list[Any]:
    """Return dicts and sets, and what follows from them."""
    both = {**NAMES, "b": 0, **{str(step): step for step in STEPS}}
    return [
        *(both, list(both), list(both.items()), both.get("c"), both.get("c", 1), both["a"], len(both), "a" in both),
        *(
            len({(step // 2, 0) for step in STEPS}),
            {1, 2} == {2, 1},
            {1} <= {1, 2},
            set(STEPS) != {1},
            sorted(set(STEPS)),
        ),
        *({1: 2} == {1: 2}, None in both.values(), [key for key in both if isinstance(key, int)], list(both.keys())),
    ]


def texts() -> list[Any]:
    """Return what is written: quotes, None, booleans, thousands."""
    name, pair = "it's", (1, -2)
    return [
        *(
            f"{name!r} {pair} {None} {True} {1234567:,} `${{x}}` {[name]!r}",
            f"{pair[0]}" + "é·\\n",
            repr('say "it\'s"'),
        ),
        *("Same".upper(), "SAME".lower(), "abc".startswith(("x", "ab")), "abc".endswith("c"), "-1".isdecimal()),
        *("a=b=c".partition("="), "ab".partition("="), "a,b,".split(","), "#y".removeprefix("#"), Word("w") + "!"),
        *(isinstance(Word("w"), str), isinstance("w", Word), Word("w") == "w", str(Word("w"))),
    ]


def truths() -> list[Any]:
    """Return `and` and `or`, whose values are operands."""
    empty, full = (), (1,)
    return [
        empty or full,
        full and empty,
        not empty,
        None or 0,
        1 if full else 2,
        (empty and full) == (),
        not full or 3,
    ]


def loops() -> list[Any]:
    """Return what loops find, left by `break`, passed over by `continue`."""
    found: list[Any] = []
    for index, (low, _) in enumerate([(1, 2), (3, 4), (5, 6)]):
        if low == 3:
            continue
        found += [index, low]
    while True:
        found.append(len(found))
        if len(found) > 6:
            break
    for _ in range(2):
        found = [*found, "again"]
    return found


def objects() -> list[Any]:
    """Return properties, methods, copies and comparisons of dataclasses."""
    box = Box((2, 3))
    other = replace(box, name="other")
    factors, named = (4, 5), {"more": 1}
    return [
        *(box.area, other.scaled(2, 2), box.scaled(*factors, by=2, **named), box == Box((2, 3)), box == other),
        *([field.name for field in fields(box)], getattr(box, "name"), Square(3, times=2).area),  # noqa: B009
    ]


def rows() -> list[Any]:
    """Return what the functions of a table give."""
    return [(name, row.name, row.run(3), row == ROWS["once"]) for name, row in ROWS.items()]


def mixed(first: int, *rest: int, last: int = 0, **named: Any) -> tuple[Any, ...]:
    """Return the arguments as they came."""
    return (first, rest, last, named)


def arguments() -> list[Any]:
    """Return calls whose arguments find their places by name; a word that JavaScript keeps for itself among them."""
    function, new = mixed, {"default": 1}
    return [
        mixed(1),
        mixed(1, 2, 3, last=4),
        mixed(*STEPS, **new),
        called(function),
        nothing(),
        mixed(first=2, case=new),
    ]


def nothing() -> None:
    """Return None without saying so."""


def called(function: Callable[..., Any]) -> Any:
    """Return what a function that is not known beforehand gives."""
    return function(1, last=2)


def exceptions() -> list[Any]:
    """Return the messages of exceptions, and which handler took each."""
    return [caught(kind) for kind in range(5)]


def caught(kind: int) -> tuple[str, str]:
    """Raise and catch."""
    try:
        refuse(kind)
    except Refusal as error:
        return ("refusal", str(error))
    except (ValueError, TypeError) as error:
        return ("other", str(error))
    return ("none", "")


def refuse(kind: int) -> None:
    """Raise an exception of the kind."""
    error = ValueError if kind == 1 else TypeError
    if kind == 0:
        raise Refusal("no")
    if kind in (1, 2):
        raise error(f"kind {kind}")
    try:
        STEPS[kind]
        list(zip(STEPS, (1,), strict=kind == 4))
    except IndexError:
        raise made() from None


def made() -> Refusal:
    """Return an exception."""
    return Refusal("out of range")


FUNCTIONS = (
    integers,
    sequences,
    builtin_functions,
    dictionaries,
    texts,
    truths,
    loops,
    objects,
    rows,
    arguments,
    exceptions,
)
