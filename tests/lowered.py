"""Multiplications that a program lowered for an accelerator asks for, read from its StableHLO; no plugin is needed."""

from functools import partial
from math import prod
from typing import Any

import jax
from jax.interpreters import mlir

FLOATS = ("bf16", "f16", "f32", "f64")


def operations(f: Any, *arguments: Any, platform: str) -> list[Any]:
    """All operations of the program of `f`, those of its functions and regions too."""
    lowered = jax.jit(f).trace(*arguments).lower(lowering_platforms=(platform,))
    found: list[Any] = []

    def visit(operation: Any) -> None:
        found.append(operation)
        for region in operation.regions:
            for block in region.blocks:
                for inner in block.operations:
                    visit(inner.operation)

    module: Any = lowered.compiler_ir("stablehlo")
    visit(module.operation)
    return found


def multiplications(found: list[Any], platform: str) -> float:
    """Of all convolutions, matrix products and elementwise products of the operations."""
    count = {
        "stablehlo.convolution": partial(_of_convolution, platform=platform),
        "stablehlo.dot_general": _of_product,
        "stablehlo.multiply": lambda operation: prod(_shape(operation.results[0])) if _is_float(operation) else 0,
    }
    assert not any(operation.name == "stablehlo.while" for operation in found)  # its body runs many times
    return sum(count[operation.name](operation) for operation in found if operation.name in count)


def inserts_zeros(operation: Any) -> bool:
    """Whether it is a pad between the entries of an array."""
    return operation.name == "stablehlo.pad" and any(_numbers(operation, "interior_padding", 0))


def _of_convolution(operation: Any, platform: str) -> float:
    """Zeros inserted or around the image are not counted where XLA leaves them out.

    On a GPU it makes a backward-data convolution of it, under the conditions of `MatchBackwardInput` in XLA's
    conv_rewriter.cc. On a TPU the zeros are part of the window, not of an array, and are counted as if none of them
    took time; tests/accelerators counts the bundles that tell. Neither is so where XLA exchanges image and kernel
    (conv_operand_swapper.cc).
    """
    image, kernel = (_shape(operand) for operand in operation.operands)
    result = _shape(operation.results[0])
    numbers = str(operation.attributes["dimension_numbers"])
    image_axes, kernel_axes = (axes.strip("[]").split(", ") for axes in numbers[6:-1].split("->")[0].split("x"))
    spatial = [str(axis) for axis in range(len(kernel) - 2)]
    taps = [kernel[kernel_axes.index(axis)] for axis in spatial]
    sizes = [image[image_axes.index(axis)] for axis in spatial]
    zeros = prod(_numbers(operation, "lhs_dilation", 1))  # positions, by those that are not inserted
    kernel_is_dilated = any(n > 1 for n in _numbers(operation, "rhs_dilation", 1))
    pads = list(operation.attributes["padding"])
    output_axes = numbers[:-1].split("->")[1].strip("[]").split(", ")
    outputs = [result[output_axes.index(axis)] for axis in spatial]
    is_backward_filter = any(k > o for k, o in zip(taps, outputs, strict=True))  # `LooksLikeForwardConvolution`
    if kernel_is_dilated and platform != "tpu" and pads[::2] != pads[1::2] and not is_backward_filter:
        # The window is written out, with its zeros (conv_padding_legalization.cc).
        taps = [d * (k - 1) + 1 for k, d in zip(taps, _numbers(operation, "rhs_dilation", 1), strict=True)]
    groups = operation.attributes["feature_group_count"].value
    larger = prod(taps) > prod(k if n == 1 else n for k, n in zip(taps, sizes, strict=True))
    exchanged = groups == 1 and larger and (len(spatial) == 2 or platform == "tpu")
    if platform == "tpu" and not exchanged:
        return prod(result) * prod(taps) * kernel[kernel_axes.index("i")] / zeros
    if groups == 1 and not kernel_is_dilated and not exchanged and _is_flipped(operation):
        return prod(image) * prod(taps) * kernel[kernel_axes.index("o")]
    return prod(result) * prod(taps) * kernel[kernel_axes.index("i")]


def _is_flipped(operation: Any) -> bool:
    owner = operation.operands[1].owner  # of an argument, a block
    return hasattr(owner, "operation") and owner.operation.name == "stablehlo.reverse"


def _of_product(operation: Any) -> int:
    left = _shape(operation.operands[0])
    numbers = str(operation.attributes["dot_dimension_numbers"])
    contracted = numbers.split("lhs_contracting_dimensions = [")[1].split("]")[0]
    return prod(_shape(operation.results[0])) * prod(left[int(axis)] for axis in contracted.split(", "))


def _shape(value: Any) -> list[int]:
    return list(mlir.ir.RankedTensorType(value.type).shape)


def _is_float(operation: Any) -> bool:
    return str(mlir.ir.RankedTensorType(operation.results[0].type).element_type) in FLOATS


def _numbers(operation: Any, name: str, default: int) -> list[int]:
    return list(operation.attributes[name]) if name in operation.attributes else [default]
