"""What cannot be translated into JavaScript is refused, with the place where it stands; tests/browser has the rest."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from jtconv.explorer._translate import translate
from jtconv.explorer._translate_function import Untranslatable

HALF = 0.5


@dataclass
class Checked:
    """Has a `__post_init__`."""

    value: int

    def __post_init__(self):
        self.value += 1


def divided(a):
    return a / 2


def half():
    return HALF


def numpy_array(n):
    return np.arange(n)


def greatest_common_divisor(a, b):
    return math.gcd(a, b)


def padded(text):
    return text.zfill(3)


def imaginary(n):
    return n.imag


def hiding(values):
    return [half for half in values]  # noqa: C416 (what is refused)


def aligned(n):
    return f"{n:>3}"


def descending(values):
    return sorted(values, reverse=True)


def every_other(values):
    return values[::2]


def starred(values):
    first, *others = values
    return first, others


def nested(n):
    def inner():
        return n

    return inner


def walrus(n):
    return (m := n) + m


def finally_done(n):
    try:
        return n
    finally:
        n += 1


def caught_all(n):
    try:
        return n
    except:  # noqa: E722 (what is refused)
        return 0


def otherwise(values):
    for value in values:
        if value:
            break
    else:
        return 0
    return 1


@functools.wraps(half)
def decorated():
    return 1


def usual_in_a_lambda():
    return lambda a=1: a


def yielding():
    yield 1


def checked():
    return Checked(1)


def deleted(values):
    del values[0]


def local_import():
    import json

    return json


def large():
    return 2**53 + 9007199254740993


REFUSED = {
    divided: "BinOp",
    half: "a value of type float",
    numpy_array: "a value of type builtin_function_or_method",
    greatest_common_divisor: "a value of type builtin_function_or_method",
    padded: "the attribute zfill",
    imaginary: "the attribute imag",
    hiding: "half is global, too",
    aligned: "a format",
    descending: "a keyword",
    every_other: "Subscript",
    starred: "a target",
    nested: "FunctionDef",
    walrus: "NamedExpr",
    finally_done: "Try",
    caught_all: "Try",
    otherwise: "For",
    usual_in_a_lambda: "Lambda",
    yielding: "Yield",
    checked: "only dataclasses without __post_init__",
    deleted: "Delete",
    local_import: "Import",
    large: "BinOp",
}


@pytest.mark.parametrize(("function", "said"), REFUSED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_has_no_translation_is_refused(function, said):
    with pytest.raises(Untranslatable, match=said) as refused:
        translate({"root": function})
    assert "translat" in str(refused.value)
    assert function.__name__ in str(refused.value) or said.startswith("only")


def test_a_decorated_function_is_refused():
    with pytest.raises(Untranslatable):
        translate({"root": decorated})


def test_what_is_called_comes_with_it_and_the_page_may_have_its_own():
    assert "test_translate$divided" not in translate({"root": doubled}, {divided: "halved"})
    text = translate({"root": doubled}, {divided: "halved"})
    assert "halved(n)" in text
    assert "test_translate$once(n) {" in text
    assert text.endswith("test_translate$doubled;")


def doubled(n):
    return once(n) * divided(n)


def once(n):
    return n
