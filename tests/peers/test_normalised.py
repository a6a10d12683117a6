"""Kernels under torch's weight_norm and spectral_norm, of either form, are those that it evaluates with."""

import numpy as np
import pytest
import torch
from torch import nn

from jtconv.nn import ConvTranspose
from jtconv.weights import layer_from

OLD, NEW = nn.utils, nn.utils.parametrizations
NORMS = [OLD.weight_norm, NEW.weight_norm, OLD.spectral_norm, NEW.spectral_norm]
LAYERS = {
    "conv": [nn.Conv1d(6, 8, 3), nn.Conv2d(6, 4, (3, 2), groups=2), nn.Conv3d(2, 3, (2, 3, 1))],
    "conv_transpose": [
        nn.ConvTranspose1d(8, 6, 16, 8, padding=4),
        nn.ConvTranspose2d(6, 4, (3, 2), groups=2),
        nn.ConvTranspose2d(5, 5, 3),
        nn.ConvTranspose3d(2, 3, (2, 3, 1)),
    ],
}
CASES = [(kind, layer, norm) for kind, layers in LAYERS.items() for layer in layers for norm in NORMS]


def named(value):
    """An id of a test: a function's own text has its address, which differs between processes."""
    return f"{value.__module__}.{value.__name__}" if callable(value) and hasattr(value, "__name__") else str(value)


def normalised(layer, norm, **arguments):
    torch.manual_seed(1)
    again = type(layer)(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        padding=layer.padding,
        groups=layer.groups,
    )
    module = norm(again, **arguments)
    with torch.no_grad():  # away from where the norm changes nothing
        for name, parameter in module.named_parameters():
            parameter.mul_(1.7 if "bias" not in name else 1.0)
            parameter.add_(0.01 * torch.randn_like(parameter))
    module.train()
    module(torch.ones(1, layer.in_channels, *[20] * len(layer.kernel_size)))  # spectral_norm's vectors move
    return module.eval()


def evaluated(module):
    module(torch.ones(1, module.in_channels, *[20] * len(module.kernel_size)))  # the old forms compute it there
    return module.weight.detach().numpy()


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize(("kind", "layer", "norm"), CASES, ids=named)
def test_a_normalised_kernel_is_the_one_that_torch_evaluates_with(kind, layer, norm):
    module = normalised(layer, norm)
    state = {f"ups.0.{name}": value for name, value in module.state_dict().items()}
    got = layer_from(state, "torch", kind=kind, groups=layer.groups, prefix="ups.0.")
    plain = {"weight": evaluated(module), "bias": module.bias.detach().numpy()}
    want = layer_from(plain, "torch", kind=kind, groups=layer.groups)
    assert got["kernel"].dtype == np.float32
    n = layer.weight.numel()  # of products in a norm
    np.testing.assert_allclose(got["kernel"], want["kernel"], rtol=2 * n * np.finfo(np.float32).eps)
    np.testing.assert_array_equal(got["bias"], want["bias"])


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize("dim", [0, 1, 2, None])
@pytest.mark.parametrize("norm", NORMS[:2], ids=named)
def test_weight_norm_along_any_axis(norm, dim):
    module = normalised(nn.ConvTranspose1d(3, 4, 5), norm, dim=dim)
    got = layer_from(module.state_dict(), "torch")["kernel"]
    np.testing.assert_allclose(got, np.moveaxis(evaluated(module), (0, 1, 2), (2, 1, 0)), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
def test_a_vocoders_layer_gives_torchs_numbers():
    from flax import nnx

    module = normalised(nn.ConvTranspose1d(8, 6, 16, 8, padding=4), NEW.weight_norm)
    up = ConvTranspose(8, 6, (16,), strides=8, padding=4, rngs=nnx.Rngs(0))
    nnx.update(up, layer_from(module.state_dict(), "torch"))
    y = np.random.default_rng(0).standard_normal((2, 8, 5)).astype(np.float32)
    want = module(torch.from_numpy(y)).detach().numpy()
    np.testing.assert_allclose(np.moveaxis(np.asarray(up(np.moveaxis(y, 1, -1))), -1, 1), want, rtol=1e-4, atol=1e-5)
