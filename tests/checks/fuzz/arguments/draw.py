"""A case: a call with some of its arguments replaced, a function of the seed and the number."""

import random
from typing import NamedTuple

from tests.checks.fuzz.arguments import values
from tests.checks.fuzz.arguments.command_line import COMMANDS, draw_command
from tests.checks.fuzz.arguments.frameworks import FRAMEWORK_CALLS, FRAMEWORKS
from tests.checks.fuzz.arguments.surface import Arguments, Surface
from tests.checks.fuzz.arguments.surfaces import SURFACES

COMMAND_SHARE = 0.06
REPLACED = (0, 1, 1, 1, 1, 2, 2, 3)  # how many arguments
ARRAYS = frozenset("x y kernel input weight bias inputs lhs rhs mask w b X W B filters other picture".split())
MAPPINGS = frozenset(("entries", "parameters", "source", "arrays", "params", "variables"))
OF_MAPPINGS = (
    *(
        "{}",
        "{'weight': 1}",
        "{'weight': None}",
        "{1: ints(2)}",
        "{'weight': ints(2)}",
        "{'weight': ints(3, 2, 4), 'bias': ints(3)}",
    ),
    *(
        "{'kernel': ints(3, 2, 4), 'bias': ints(7)}",
        "{'kernel': 'text'}",
        "{'kernel': ints(3, 2, 4, dtype=object)}",
        "{'kernel': [[1.0], [2.0, 3.0]]}",
    ),
    *(
        "{'features.0.weight': ints(2, 3, 3)}",
        "{'features.0.weight': ints(2, 0, 3, 3), 'features.0.bias': ints(2)}",
        "{'weight': object()}",
    ),
    *(
        "{'features.0.weight': ints(2, 3, 3, 3, dtype=complex), 'features.0.bias': ints(2)}",
        "{'': ints(2)}",
        "{'\\0': ints(2)}",
    ),
    *(
        "{'kernel': ints(3, 2, 4) + 1j}",
        "{'kernel': jnp.ones((3, 2, 4))}",
        "{'weight': ints(0, 2, 4)}",
        "{b'weight': ints(3, 2, 4)}",
    ),
    *(
        "{'preprocessing/mean': ints(3)}",
        "{f'preprocessing/{name}': [0] for name in ('std', 'mean', 'scale', 'channels')}",
    ),
)


class Call(NamedTuple):
    """A call as code, with the arguments it was made of."""

    surface: Surface
    arguments: Arguments

    @property
    def code(self) -> str:
        """One expression, in `names.NAMES`."""
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        template = self.surface.code
        if "{arguments}" in template:
            return template.replace("{name}", self.surface.name).replace("{arguments}", arguments)
        for name, value in self.arguments.items():
            template = template.replace(f"{{{name}}}", value)
        return template


class Command(NamedTuple):
    """A command line."""

    words: list[str]

    @property
    def code(self) -> str:
        """The call as it stands in Python."""
        return f"jtconv.cli.main({self.words!r})"


WEIGHTED = [surface for surface in SURFACES for _ in range(surface.weight)]


def draw(seed: int, number: int) -> Call | Command:
    """Case `number`."""
    rng = random.Random(f"{seed}/{number}")
    if rng.random() < COMMAND_SHARE:
        return Command(draw_command(rng, rng.choice(COMMANDS)))
    surface = rng.choice(WEIGHTED)
    arguments = dict(rng.choice(surface.bases))
    for name in rng.sample(surface.parameters, min(rng.choice(REPLACED), len(surface.parameters))):
        value = draw_value(rng, name, arguments.get(name))
        if surface.name.startswith("jtconv.linen"):  # Linen goes through fields itself, and a list in itself has no end
            value = value.replace("cyclic()", "[1, [1]]")
        arguments[name] = value
    return Call(surface, arguments)


def draw_value(rng: random.Random, name: str, right: str | None) -> str:
    """Something else for an argument."""
    own = own_values(name)
    if name in ARRAYS and rng.random() < 0.8:
        return rng.choice(values.OF_ARRAYS).format(right or "ints(4, 3, 2, 3)")
    if own and rng.random() < 0.75:
        return rng.choice(own)
    # Any function is an initialiser; what it raises is its own affair.
    return rng.choice(rng.choice(values.HOSTILE if name != "kernel_init" else values.NO_FUNCTIONS))


def own_values(name: str) -> tuple[str, ...]:
    """Values meant for arguments of this name, right and wrong."""
    if name in MAPPINGS:
        return OF_MAPPINGS
    if name in ("dtype", "param_dtype", "preferred_element_type"):
        return values.DTYPES
    return values.OWN.get(name, ()) or {"call": FRAMEWORK_CALLS, "framework": FRAMEWORKS}.get(name, ())
