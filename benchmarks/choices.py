"""The implementations of C, Cᵀ and the kernel's gradient that "auto" chooses, for the layers of `jtconv bench`.

    python -m benchmarks.choices

Each implementation in `jtconv/_compute/` says where it may be taken and at what cost; nothing is measured.
"""

from jtconv._compute.implementation import CPU, Request
from jtconv._primitives.dispatch import choose
from jtconv.bench._layers import SUITE, NetworkLayer
from jtconv.bench._markdown import table

# Name, platform, and whether the CPU kernels can be called.
MACHINES = (
    ("a CPU", CPU, True),
    ("a CPU, without the CPU kernels", CPU, False),
    ("a GPU", "cuda", False),
    ("a TPU", "tpu", False),
)
MAPS = {"Cᵀ": "transposed", "C": "forward", "kernel's gradient": "kernel_gradient"}
TITLES = {"cpu_kernels": "CPU kernels"}  # the others are written as they are named


def chosen(layer: NetworkLayer, computes: str, platform: str | None, kernels_callable: bool) -> str:
    """Name of the implementation that computes one of the three maps."""
    x, y, kernel = layer.x_shape, layer.y_shape, layer.kernel_shape
    shapes = {"forward": (x, kernel), "transposed": (y, kernel), "kernel_gradient": (x, y)}[computes]
    return choose(computes, Request(layer.spec, shapes, platform, kernels_callable)).name


def choices() -> str:
    """A Markdown table: per machine and map, the implementations and the layers that take them, the commonest last."""
    rows = []
    for machine, *on in MACHINES:
        for title, computes in MAPS.items():
            layers: dict[str, list[str]] = {}
            for layer in SUITE:
                layers.setdefault(chosen(layer, computes, *on), []).append(layer.name)
            *few, (most, _) = sorted(layers.items(), key=lambda found: len(found[1]))
            rows += [[machine, title, TITLES.get(name, name), ", ".join(names)] for name, names in few]
            rows.append([machine, title, TITLES.get(most, most), "the others" if few else "all"])
    return table(["on", "map", "by", "layers"], rows)


if __name__ == "__main__":
    print(choices())
