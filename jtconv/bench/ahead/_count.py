"""Counts from the text of a compiled program: operations, multiplications, inserted zeros, cycles."""

import json
import math
import re
from itertools import groupby

from jtconv.bench.ahead._hlo import Computation, Executed, Instruction, Program, window

FLOATS = re.compile(r"(bf|f|c)\d")
CUDNN = {
    "convForward": "cudnn forward",
    "convForwardGraph": "cudnn forward",
    "convBiasActivationForward": "cudnn forward",
    "convBackwardInput": "cudnn backward-data",
    "convBackwardFilter": "cudnn backward-filter",
}
# Instructions of no cost, which are no operations of their own.
FREE = {"parameter", "constant", "bitcast", "tuple", "get-tuple-element", "after-all", "partition-id", "iota"}
FREE |= {"copy-done", "async-done", "async-update", "slice-done"}
COPIES = {"copy", "copy-start", "slice-start", "transpose", "reverse", "reshape", "slice", "pad", "concatenate"}
COPIES |= {"broadcast", "convert", "dynamic-slice", "dynamic-update-slice", "fusion", "select", "compare", "and"}
MOVERS = COPIES | FREE
FOLLOWED = {"broadcast", "bitcast", "reshape", "convert", "copy"}  # on the way from a constant to where it is used


def operations(program: Program) -> list[str]:
    """The operations executed, in order, by their kind; equal ones in a row are one, with their number."""
    kinds = [kind for step in program.steps if (kind := _kind(program, step))]
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    return [f"{count} × {kind}" if count > 1 else kind for kind, count in runs]


def multiplications(program: Program) -> int:
    """The multiplications of floating-point values, those by zeros among them."""
    return sum(one.times * _multiplications(one) for step in program.steps for one in program.within(step))


def inserted_zeros(program: Program) -> int:
    """The zeros placed between values: those that are stored or multiplied by, not those that a fusion sums away."""
    return sum(
        one.times * _inserted_zeros(one)
        for step in program.steps
        for one in program.within(step)
        if one is step or one.instruction.opcode != "pad" or one.instruction.name in _moved_on(one.computation)
    )


def estimated_cycles(program: Program) -> int | None:
    """The cycles that the compiler for a TPU estimates; None where it does not."""
    found = [
        step.times * int(cycles[1])
        for step in program.steps
        if (cycles := re.search(r'"estimated_cycles":"(\d+)"', step.instruction.attributes))
    ]
    return sum(found) if found else None


def _kind(program: Program, step: Executed) -> str | None:
    """The kind of one step, None if it costs nothing."""
    instruction = step.instruction
    if instruction.opcode in FREE:
        return None
    if instruction.opcode == "custom-call":
        return None if _target(instruction).endswith("Bitcast") else _custom_call(instruction)
    inside = [one.instruction for one in program.within(step)]
    opcodes = {one.opcode for one in inside}
    if "convolution" in opcodes:
        taps = max(window(one).taps for one in inside if one.opcode == "convolution")
        return "convolution" if taps > 1 else "matrix product"
    if "dot" in opcodes:
        return "matrix product (triton)" if "__triton" in instruction.attributes else "matrix product"
    for opcode in ("scatter", "gather", "sort", "fft"):
        if opcode in opcodes:
            return opcode
    return "copy" if opcodes <= MOVERS else "elementwise"


def _custom_call(instruction: Instruction) -> str:
    target = _target(instruction)
    if target in CUDNN:
        return CUDNN[target]
    return "matrix product (cublas)" if _is_gemm(instruction) else target


def _target(instruction: Instruction) -> str:
    return instruction.attribute("custom_call_target").removeprefix("__cudnn$")


def _is_gemm(instruction: Instruction) -> bool:
    return instruction.attribute("custom_call_target").startswith("__cublas$")


def _multiplications(one: Executed) -> int:
    instruction = one.instruction
    if instruction.opcode == "convolution" or _target(instruction) in CUDNN:
        return _of_convolution(one)
    if instruction.opcode == "dot":
        return instruction.size * _contracted(one, instruction.integers("lhs_contracting_dims"))
    if _is_gemm(instruction):
        numbers = re.search(r'"lhs_contracting_dimensions":(\[[^\]]*\])', instruction.attributes)
        return instruction.size * _contracted(one, tuple(map(int, json.loads(numbers[1]))) if numbers else ())
    is_product = instruction.opcode == "multiply" and FLOATS.match(instruction.dtype)
    return instruction.size if is_product and not _scales(one) else 0


def _contracted(one: Executed, axes: tuple[int, ...]) -> int:
    return math.prod(one.operand(0).shape[axis] for axis in axes)


def _of_convolution(one: Executed) -> int:
    """Count a product for each position, tap of the window, and pair of channels in one group.

    The labels and the window of a convolution backward are those of the one forward, so that its arrays are named as
    there: the image, the kernel, the output.
    """
    instruction, target = one.instruction, _target(one.instruction)
    image_labels, kernel_labels, output_labels = re.split("_|->", instruction.attribute("dim_labels"))
    image, kernel, output = one.operand(0), one.operand(1), instruction
    if target == "convBackwardInput":
        image, output = output, image
    elif target == "convBackwardFilter":
        kernel, output = output, kernel
    products = window(instruction).taps * kernel.shape[kernel_labels.index("i")]
    if target != "convBackwardInput":
        return output.size * products
    # By the input it inserts no zeros: each output meets each tap, or each position of the image its share of the taps.
    strides = math.prod(window(instruction).strides)
    by_image = -(-_positions(image, image_labels) // strides)
    channels = output.shape[output_labels.index("f")] * output.shape[output_labels.index("b")]
    return min(_positions(output, output_labels), by_image) * channels * products


def _positions(image: Instruction, labels: str) -> int:
    """The number of spatial positions of an array whose axes have these labels."""
    return math.prod(size for size, label in zip(image.shape, labels, strict=True) if label.isdigit())


def _scales(one: Executed) -> bool:
    """Whether a factor is a constant number, whatever its broadcast shape."""
    return any(_is_number(one.computation, name) for name in one.instruction.operands)


def _is_number(computation: Computation, name: str) -> bool:
    found = computation[name]
    while found.opcode in FOLLOWED:
        found = computation[found.operands[0]]
    return found.opcode == "constant" and found.size == 1


def _moved_on(fused: Computation) -> set[str]:
    """The instructions whose values are in the result of a fusion, or in an operand of a product in it, unchanged."""
    root = next(reversed(fused.values()))
    products = [one for one in fused.values() if one.opcode in ("convolution", "dot")]
    waiting, found = [root.name, *(name for one in products for name in one.operands)], set()
    while waiting:
        one = fused[waiting.pop()]
        if one.name not in found:
            found.add(one.name)
            waiting += one.operands if one.opcode in MOVERS else ()
    return found


def _inserted_zeros(one: Executed) -> int:
    instruction = one.instruction
    if instruction.opcode == "pad" and FLOATS.match(instruction.dtype):
        given = one.operand(0).shape
        spacing = [_interior(axis) for axis in instruction.attribute("padding").split("x")]
        packed = [size - (n - 1) * k for size, n, k in zip(instruction.shape, given, spacing, strict=True)]
        return instruction.size - math.prod(packed)
    if instruction.opcode == "convolution" or _target(instruction) in CUDNN:
        return _zeros_in_window(one)
    return 0


def _interior(axis: str) -> int:
    """The third number of `low_high_interior`, which is left out where it is 0."""
    numbers = axis.split("_")
    return int(numbers[2]) if len(numbers) == 3 else 0


def _zeros_in_window(one: Executed) -> int:
    """The zeros between the values of a convolution's left operand, which no array holds, but the window meets."""
    labels = one.instruction.attribute("dim_labels").split("_")[0]
    given = window(one.instruction)
    dilation = [1 if alone else d for d, alone in zip(given.lhs_dilate, given.meets_one, strict=True)]
    sizes = [one.operand(0).shape[labels.index(str(axis))] for axis in range(len(dilation))]
    spaced = math.prod(d * (n - 1) + 1 for d, n in zip(dilation, sizes, strict=True))
    rest = one.operand(0).size // max(1, math.prod(sizes))
    return rest * (spaced - math.prod(sizes))
