"""`LayerFacts`: the numbers of an explanation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jtconv._geometry.costs import Costs
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.overlap import EvenLayer

if TYPE_CHECKING:
    from jtconv._frameworks.registry import Equivalent


@dataclass(frozen=True)
class LayerFacts:
    """One layer in numbers; `Explanation` documents each attribute."""

    geometry: ConvGeometry
    input_size: tuple[int, ...]
    output_size: tuple[int, ...] | None
    transposed_size: tuple[int, ...]
    output_padding: tuple[int, ...]
    in_ch: int | None
    out_ch: int | None
    use_bias: bool
    call: str | None
    overlap: tuple[tuple[int, ...], ...]
    is_even: tuple[bool, ...]
    even_layer: EvenLayer | None
    receptive_field: tuple[int, ...]
    footprint: tuple[int, ...]
    costs: Costs | None
    equivalents: "dict[str, Equivalent]"
