"""The text of a TPU program's final schedule, read into bundles: what the number of bundles issued depends on.

A line is a bundle, instructions that are issued together. Only scalar instructions from which a branch's predicate is
computed are kept, the branches, and the calls of operations.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

WORD = 2**32

Value = int | None  # None: unknown


class Step(NamedTuple):
    """A scalar instruction: the register `result` becomes `compute` of the operands if `guard` holds."""

    result: str
    compute: Callable[..., Value]
    operands: tuple[str | int, ...]
    guard: str  # "", a predicate register, or "!" and one


@dataclass
class Bundle:
    """The part of a bundle that the count depends on."""

    steps: list[Step] = field(default_factory=list)
    branch: tuple[str, int] | None = None  # guard and region
    calls: list[str] = field(default_factory=list)


class Program(NamedTuple):
    """Bundles in order, and the index at which each region starts."""

    bundles: list[Bundle]
    regions: dict[int, int]


class _Instruction(NamedTuple):
    """An instruction's result and operands by their unique names, as `s33_s12`, and its step."""

    result: str
    needs: set[str]
    step: Step | None = None


def parse(text: str) -> Program:
    """Read a schedule; scalar instructions that no branch depends on are left out."""
    bundles, regions, instructions = [], {}, []
    for line in filter(_LINE.match, _with_pops_named(text).splitlines()):
        for region in _START.findall(line):
            regions.setdefault(int(region), len(bundles))
        bundle = Bundle()
        instructions.append([one for part in line.split(";;") for one in _read(part, bundle)])
        bundles.append(bundle)
    needed = _needed_by_branches([one for some in instructions for one in some])
    for bundle, some in zip(bundles, instructions, strict=True):
        bundle.steps = [one.step for one in some if one.step and one.result in needed]
    return Program(bundles, regions)


def _needed_by_branches(instructions: list[_Instruction]) -> set[str]:
    """Names of all values from which a branch's predicate is computed."""
    sources: dict[str, set[str]] = {}
    for one in instructions:
        sources.setdefault(one.result, set()).update(one.needs)
    needed, waiting = set(), [""]  # a branch has no result
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(sources.get(name, ()))
    return needed


_NAME = r"[sp]\d+_[sp]\d+"
_GUARD = rf"(?:\((!?)%({_NAME})(?:, %({_NAME}))?\),? *)?"  # "(%p1, %s2) 3" is 3 if p1, else what s2 was
_LINE = re.compile(r"\s*(?:0x[0-9a-f]+|0)\s+(?:\w+)?:.*{")
_START = re.compile(r"Start(?:/End empty)? region (\d+)")
_COMMENT = re.compile(r"/\*.*?\*/")
_BRANCH = re.compile(rf"= sbr\.rel {_GUARD}target = \$region(\d+)")
_CALL = re.compile(r"= inlined_call [^/]*/\* (?:%(\S+) = |(<[\w-]+>))")
_STORE = re.compile(rf"= sst \[smem:(\[#allocation\w+\])\] *{_GUARD}%({_NAME})")
_LOAD = re.compile(rf"%({_NAME}) = sld \[smem:(\[#allocation\w+_spill\])\] *{_GUARD}")
_DIVISION = re.compile(r"%(\d+) = sdivrem")
_DIVIDE = re.compile(rf"%(\d+) = sdivrem\S* {_GUARD}(.*)")
_SCALAR = re.compile(rf"%({_NAME}) = (\w+)(?:\.(\w+))?(?:\.(\w+))?(?:\.\w+)* +{_GUARD}(.*)")
_OPERAND = re.compile(rf"(?:%({_NAME})|(\d+))$")


def _with_pops_named(text: str) -> str:
    """A division puts its quotient and its remainder in a queue, from which they are popped: name them apart."""
    for name in set(_DIVISION.findall(text)):
        for which in ("quotient", "remainder"):
            popped = rf"sld [smem:[#allocation{name}{which}_spill]] \1"
            text = re.sub(rf"spop\.drf ((?:\([^)]*\), )?)%{name}\b", popped, text, count=1)
    return text


def _read(part: str, bundle: Bundle) -> list[_Instruction]:
    """Read the instructions of a slot; a branch or a call is noted in its bundle."""
    if found := _CALL.search(part):
        bundle.calls.append(found[1] or found[2])
        return []
    part = _COMMENT.sub("", part)
    if found := _BRANCH.search(part):
        bundle.branch = _guard(found[1], found[2]), int(found[4])
        return [_Instruction("", {found[2]} - {None})]
    if found := _STORE.search(part):  # a value that the compiler keeps in memory for a while
        return [_instruction(found[1], _copy, [found[5]], found.group(2, 3, 4))]
    if found := _LOAD.search(part):
        return [_instruction(found[1], _copy, [found[2]], found.group(3, 4, 5))]
    if found := _DIVIDE.search(part):
        both = {"quotient": operator.floordiv, "remainder": operator.mod}
        place = f"[#allocation{found[1]}{{}}_spill]".format
        return [_instruction(place(one), f, _operands(found[5]), found.group(2, 3, 4)) for one, f in both.items()]
    if found := _SCALAR.search(part):
        result, operation, form, kind, *guard, rest = found.groups()
        if operation == "sphi":  # the register is the same on both sides
            return [_Instruction(result, set(re.findall(_NAME, rest)))]
        return [_instruction(result, _computation(operation, form, kind), _operands(rest), guard)]
    return []


def _instruction(result: str, compute: Callable, operands: list, guard: tuple | list) -> _Instruction:
    negated, predicate, former = guard
    needs = {one for one in (*operands, predicate, former) if isinstance(one, str)}
    registers = tuple(_register(one) if isinstance(one, str) else one for one in operands)
    return _Instruction(result, needs, Step(_register(result), compute, registers, _guard(negated, predicate)))


def _operands(text: str) -> list[str | int | None]:
    """Names of registers, and numbers; None for anything else."""
    found = [_OPERAND.match(one.strip(" }\n")) for one in text.split(",")]
    return [one and (one[1] or int(one[2])) for one in found]


def _register(name: str) -> str:
    """The register of `s33_s12` is s12; a place in memory has its own name."""
    return name if name.startswith("[") else name.rpartition("_")[2]


def _guard(negated: str | None, name: str | None) -> str:
    return (negated or "") + _register(name) if name else ""


def _signed(value: int) -> int:
    return value - WORD if value >= WORD // 2 else value


def _copy(value: int) -> int:
    return value


_COMPUTED: dict[str, Callable[..., int]] = {
    "smov": _copy,
    "sadd": lambda a, b: (a + b) % WORD,
    "ssub": lambda a, b: (a - b) % WORD,
    "smul": lambda a, b: a * b % WORD,
    "smulhi": lambda a, b: a * b // WORD,
    "sshll": lambda a, b: (a << b) % WORD if b < 32 else 0,
    "sshrl": operator.rshift,
    "sshra": lambda a, b: (_signed(a) >> b) % WORD,
    "sand": operator.and_,
    "sor": operator.or_,
    "sxor": operator.xor,
    "pnand": lambda a, b: 1 - (a & b),
    "por": operator.or_,
    "pneg": lambda a: 1 - a,
    "scalar_select": lambda p, a, b: a if p else b,
}


def _computation(operation: str, form: str | None, kind: str | None) -> Callable[..., Value]:
    """The function that an instruction computes; for one not known here, the result is unknown."""
    if operation != "scmp":
        return _COMPUTED.get(operation, lambda *_: None)
    compare = getattr(operator, form or "eq")
    if kind == "s32":
        return lambda a, b: int(compare(_signed(a), _signed(b)))
    return lambda a, b: int(compare(a, b))
