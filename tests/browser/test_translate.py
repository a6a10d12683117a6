"""Python functions translated into JavaScript give what they give in Python."""

import json

import pytest
from translated import FUNCTIONS

from jtconv.explorer._page import _read
from jtconv.explorer._translate import translate


@pytest.fixture(scope="module")
def answers(browser):
    """What the translated functions give, as `repr` writes it there."""
    script = _read("python.js") + translate({function.__name__: function for function in FUNCTIONS})
    asked = ", ".join(f"{name}: $py.repr({name}())" for name in (function.__name__ for function in FUNCTIONS))
    page = browser.new_page()
    yield json.loads(page.evaluate(f"() => {{ {script}\nreturn JSON.stringify({{ {asked} }}); }}"))
    page.close()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_translated_function_gives_the_same(answers, function):
    assert answers[function.__name__] == repr(function())
