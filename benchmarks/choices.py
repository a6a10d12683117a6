"""The implementations of C, Cᵀ and the kernel's gradient that are chosen by default, for the layers of `jtconv bench`.

    python -m benchmarks.choices

The rules are in `jtconv/_primitives/dispatch.py`; they know shapes and the platform, and nothing is measured.
"""

from jtconv._primitives.dispatch import NATIVE, choose_forward, choose_kernel_gradient, choose_transposed
from jtconv.bench._layers import SUITE, NetworkLayer
from jtconv.bench._markdown import table

PLATFORMS = {NATIVE: "a CPU", "cpu": "a CPU, without our kernels", "gpu": "a GPU or TPU"}
MAPS = ("Cᵀ", "C", "kernel's gradient")
NAMES = {"native": "our kernels"}  # the others keep their names


def chosen(layer: NetworkLayer, platform: str) -> dict[str, str]:
    """The implementation of each of the three maps."""
    x, y = layer.x_shape, layer.y_shape
    return {
        "Cᵀ": choose_transposed(layer.spec, y, layer.kernel_shape, platform),
        "C": choose_forward(layer.spec, x, layer.kernel_shape, platform),
        "kernel's gradient": choose_kernel_gradient(layer.spec, x, y, platform),
    }


def choices() -> str:
    """A Markdown table: for each platform and map, the implementations and their layers, the commonest last."""
    rows = []
    for platform, name in PLATFORMS.items():
        for map_ in MAPS:
            implementations: dict[str, list[str]] = {}
            for layer in SUITE:
                implementations.setdefault(chosen(layer, platform)[map_], []).append(layer.name)
            *few, (most, _) = sorted(implementations.items(), key=lambda item: len(item[1]))
            rows += [[name, map_, NAMES.get(each, each), ", ".join(layers)] for each, layers in few]
            rows.append([name, map_, NAMES.get(most, most), "the others" if few else "all"])
    return table(["on", "map", "by", "layers"], rows)


if __name__ == "__main__":
    print(choices())
