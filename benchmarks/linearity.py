"""Time and temporary memory by pixel, from 32×32 to 1024×1024: python benchmarks/linearity.py --help."""

import argparse

from jtconv.bench import _linearity


def main() -> None:
    parser = argparse.ArgumentParser(description="Is the time of a transposed convolution linear in its pixels?")
    parser.add_argument("--sizes", type=int, nargs="+", default=_linearity.SIZES, metavar="N", help="multiples of 8")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each size; default: 0.5")
    given = parser.parse_args()
    tables = []
    for kind in ("k4 s2", "k3 s1", "k16 s8"):
        measured = _linearity.measure(kind, tuple(given.sizes), given.dtype, given.seconds)
        tables.append(_linearity.markdown(kind, measured))
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
