"""What computes C, Cᵀ and the kernel's gradient where nobody says so, for the layers of `jtconv bench`.

    python -m benchmarks.choices

The rules are in `jtconv/_primitives/dispatch.py`; they know shapes and the platform, and nothing is measured.
"""

from jtconv._primitives.dispatch import NATIVE, choose_forward, choose_kernel_gradient, choose_transposed
from jtconv.bench._layers import SUITE, NetworkLayer
from jtconv.bench._markdown import table

PLATFORMS = {NATIVE: "a CPU", "cpu": "a CPU, without our kernels", "gpu": "a GPU or TPU"}
MAPS = ("Cᵀ", "C", "kernel's gradient")
WAYS = {"native": "our kernels"}  # the others' names are said as they are


def chosen(layer: NetworkLayer, platform: str) -> dict[str, str]:
    """The way of computing each of the three maps."""
    x, y = layer.x_shape, layer.y_shape
    return {
        "Cᵀ": choose_transposed(layer.spec, y, layer.kernel_shape, platform),
        "C": choose_forward(layer.spec, x, layer.kernel_shape, platform),
        "kernel's gradient": choose_kernel_gradient(layer.spec, x, y, platform),
    }


def choices() -> str:
    """A Markdown table: for each platform and map, the ways and the layers that take them, the commonest last."""
    rows = []
    for platform, name in PLATFORMS.items():
        for map_ in MAPS:
            ways: dict[str, list[str]] = {}
            for layer in SUITE:
                ways.setdefault(chosen(layer, platform)[map_], []).append(layer.name)
            *few, (most, _) = sorted(ways.items(), key=lambda way: len(way[1]))
            rows += [[name, map_, WAYS.get(way, way), ", ".join(layers)] for way, layers in few]
            rows.append([name, map_, WAYS.get(most, most), "the others" if few else "all"])
    return table(["on", "map", "by", "layers"], rows)


if __name__ == "__main__":
    print(choices())
