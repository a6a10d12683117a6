"""The text of a compiled program, parsed: computations of instructions, and a walk over all that is executed."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

Shape = tuple[int, ...]

_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-<>]+) \(.*\) -> .*\{$")
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.\-<>]+) = (.*)$")
_ARRAY = re.compile(r"([a-z]\w*)\[([\d,]*)\]")
_NAME = re.compile(r"%([\w.\-<>]+)")


class Instruction(NamedTuple):
    """One instruction. `dtype` and `shape` are of its result, of the first array where that is a tuple."""

    name: str
    opcode: str
    dtype: str
    shape: Shape
    inside: str  # the parentheses: operands, or a constant's value
    attributes: str  # all that follows them

    @property
    def operands(self) -> list[str]:
        return _NAME.findall(self.inside)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def attribute(self, name: str) -> str:
        """The text of an attribute, without its braces or quotes; empty if there is none."""
        found = re.search(rf'(?:^|[ ,]){name}=(?:\{{([^{{}}]*)\}}|"([^"]*)"|([^\s,]+))', self.attributes)
        return next((text for text in found.groups() if text is not None), "") if found else ""

    def integers(self, name: str) -> Shape:
        """An attribute that lists integers."""
        return tuple(map(int, re.findall(r"\d+", self.attribute(name))))


class Window(NamedTuple):
    """The window of a convolution by axis: its size, its steps, and the spacing of both operands' values."""

    size: Shape
    strides: Shape
    lhs_dilate: Shape
    rhs_dilate: Shape

    @property
    def meets_one(self) -> list[bool]:
        """By axis, whether the window meets one value at most wherever it is, as the spacing is wider than itself.

        So the compiler for TPUs writes products over a batch, and it multiplies by no zeros there.
        """
        return [(n - 1) * r < s > 1 for n, s, r in zip(self.size, self.lhs_dilate, self.rhs_dilate, strict=True)]

    @property
    def taps(self) -> int:
        """The values that are multiplied for one position of the result and one channel."""
        return math.prod(1 if one else n for n, one in zip(self.size, self.meets_one, strict=True))


Computation = dict[str, Instruction]  # by name, in order


class Executed(NamedTuple):
    """An instruction, the computation that it is in, and how many times it is executed."""

    instruction: Instruction
    computation: Computation
    times: int

    def operand(self, position: int) -> Instruction:
        return self.computation[self.instruction.operands[position]]


class Program:
    """A compiled program."""

    def __init__(self, text: str):
        self.computations: dict[str, Computation] = {}
        self.entry: Computation = {}
        for line in text.splitlines():
            if head := _HEAD.match(line):
                current = self.computations[head[2]] = {}
                if head[1]:
                    self.entry = current
            elif self.computations and (found := _INSTRUCTION.match(line)):
                instruction = _parse(found[1], found[2])
                self.computations[next(reversed(self.computations))][instruction.name] = instruction
        if not self.entry:
            raise ValueError("The text is not that of a compiled program: it has no ENTRY.")

    @property
    def steps(self) -> Iterator[Executed]:
        """The instructions executed, in order: loops, calls and branches unfolded, fusions left whole."""
        return self._unfolded(self.entry, 1)

    def _unfolded(self, computation: Computation, times: int) -> Iterator[Executed]:
        for instruction in computation.values():
            bodies = _bodies(instruction)
            if not bodies:
                yield Executed(instruction, computation, times)
            for body in bodies:
                yield from self._unfolded(self.computations[body], times * self._trips(instruction))

    def _trips(self, instruction: Instruction) -> int:
        """How often the body of a loop runs: as the compiler says, or up to the bound of its condition; else once."""
        if found := re.search(r'"known_trip_count":\{"n":"(\d+)"', instruction.attributes):
            return int(found[1])
        condition = self.computations.get(instruction.attribute("condition").lstrip("%"), {}).values()
        bounds = [int(one.inside) for one in condition if one.opcode == "constant" and one.dtype == "s32"]
        counts_up = any(one.attribute("direction") == "LT" for one in condition)
        return bounds[0] if counts_up and len(bounds) == 1 else 1

    def within(self, step: Executed) -> Iterator[Executed]:
        """A step itself and, where it is a fusion, each instruction in it."""
        yield step
        if step.instruction.opcode == "fusion":
            fused = self.computations[step.instruction.attribute("calls").lstrip("%")]
            for instruction in fused.values():
                yield from self.within(Executed(instruction, fused, step.times))


def _bodies(instruction: Instruction) -> list[str]:
    """The computations that an instruction runs one after the other; of a conditional all branches."""
    names = {
        "while": ("body",),
        "call": ("to_apply",),
        "async-start": ("calls",),
        "conditional": ("branch_computations", "true_computation", "false_computation"),
    }.get(instruction.opcode, ())
    return [body for name in names for body in _NAME.findall(instruction.attribute(name))]


def window(instruction: Instruction) -> Window:
    """The window of a convolution; without axes where the attribute is absent, as it is for a matrix product."""
    text = instruction.attribute("window")
    given = {name: tuple(map(int, numbers.split("x"))) for name, numbers in re.findall(r"(\w+)=([\dx]+)(?: |$)", text)}
    size = given.get("size", ())
    ones = (1,) * len(size)
    return Window(size, *(given.get(name, ones) for name in ("stride", "lhs_dilate", "rhs_dilate")))


def _parse(name: str, text: str) -> Instruction:
    """Parse `TYPE opcode(operands), attributes`. A tuple's type stands in parentheses; layouts hold some as well."""
    end = _closing(text, 0) + 1 if text.startswith("(") else text.index(" ")
    opcode, _, _ = text[end:].strip().partition("(")
    start = text.index("(", end)
    stop = _closing(text, start)
    array = _ARRAY.search(text[:end])
    dtype, sizes = (array[1], array[2]) if array else ("token", "")
    shape = tuple(int(size) for size in sizes.split(",") if size)
    return Instruction(name, opcode, dtype, shape, text[start + 1 : stop], text[stop + 1 :])


def _closing(text: str, start: int) -> int:
    """The position of the parenthesis that closes the one at `start`."""
    depth = 0
    for found in re.compile(r"[()]").finditer(text, start):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.start()
    return len(text)
