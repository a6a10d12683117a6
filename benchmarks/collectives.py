"""Bytes that a compiled program moves between devices, read from its text."""

import math
import re
from collections import Counter

MOVES = (
    *("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "ragged-all-to-all"),
    *("collective-permute", "collective-broadcast"),
)
SIZES = {
    "pred": 1,
    "c64": 8,
    "c128": 16,
    "s16": 2,
    "u16": 2,
    "s8": 1,
    "u8": 1,
    "bf16": 2,
    "f16": 2,
    "s32": 4,
    "u32": 4,
    "f32": 4,
    "s64": 8,
    "u64": 8,
    "f64": 8,
}
OPERATION = re.compile(rf"= (\(?[^=]*?\)?) ({'|'.join(MOVES)})(-start)?\(")


def collective_bytes(text: str) -> dict[str, int]:
    """Bytes of the results, on a device, of each kind of operation of an optimised program (HLO) that moves data.

    >>> collective_bytes("  %a.1 = (f32[2,3]{1,0}, bf16[4]{0}) all-reduce(%x, %y), channel_id=1")
    {'all-reduce': 32}
    >>> collective_bytes("  %b = (f32[2]{0}, f32[8]{0}, u32[], u32[]) all-gather-start(%x), channel_id=1")
    {'all-gather': 32}
    """
    found: Counter[str] = Counter()
    without_comments = re.sub(r"/\*.*?\*/", "", text)  # such as /*index=5*/ in long tuples
    for shape, kind, start in OPERATION.findall(without_comments):
        arrays = re.findall(r"(\w+)\[([\d,]*)\]", shape)
        if start and kind != "all-reduce":  # operands, results and tokens, whose shape is u32[]
            both = [array for array in arrays if array != ("u32", "")]
            arrays = both[len(both) // 2 :]
        found[kind] += sum(SIZES[dtype] * math.prod(int(n) for n in sizes.split(",") if n) for dtype, sizes in arrays)
    return dict(sorted(found.items()))
