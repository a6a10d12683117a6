"""The original networks: sizes, crops, first parameters, and their layers by plain loops."""

import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_allclose

from jtconv.models import FCN8, FCN16, FCN32, summary
from jtconv.nn import ConvTranspose
from tests.models.networks import TINY, abstract, caffe_bilinear, loop_pool, tiny

# The original networks' crops of the pools, and of the scores.
ORIGINAL = {FCN32: ([], 19), FCN16: ([5], 27), FCN8: ([5, 9], 31)}
# Its 21 classes at 500×500: output sizes after conv7, and parameters.
LAYERS = [
    *[("decoder.score", 16, 4096 * 21 + 21), ("decoder.steps.0.up", 34, 4 * 4 * 21 * 21)],
    *[("decoder.steps.0.crop_pool", 34, 0), ("decoder.steps.0.skip.conv", 34, 512 * 21 + 21)],
    *[("decoder.steps.1.up", 70, 4 * 4 * 21 * 21), ("decoder.steps.1.crop_pool", 70, 0)],
    *[("decoder.steps.1.skip.conv", 70, 256 * 21 + 21), ("decoder.up", 568, 16 * 16 * 21 * 21)],
    ("decoder.crop", 506, 0),
]


def test_original_decoder_layer_by_layer():
    model = abstract(lambda: FCN8.paper(21, rngs=nnx.Rngs(0)))
    rows = summary(model, (1, 500, 500, 3)).layers
    assert [(r.name, r.output_shape[1], r.parameters) for r in rows if r.name.startswith("decoder")] == LAYERS
    assert [r.name for r in rows if r.kind == "Dropout"] == ["conv6.dropout", "conv7.dropout"]
    assert model.conv6.dropout.rate == model.conv7.dropout.rate == 0.5


@pytest.mark.parametrize("network", ORIGINAL)
def test_original_crops(network):
    pools, scores = ORIGINAL[network]
    model = abstract(lambda: network.paper(21, rngs=nnx.Rngs(0)))
    assert [step.crop_pool.margins for step in model.decoder.steps] == [(n, n) for n in pools]
    assert all(step.crop is None for step in model.decoder.steps)
    assert model.decoder.crop.margins == (scores, scores)


@pytest.mark.parametrize(("network", "sizes"), [(FCN8, [4, 4, 16]), (FCN32, [64])])
def test_original_begins_with_zeros_and_interpolation(network, sizes):
    model = nnx.jit(lambda: network.paper(3, rngs=nnx.Rngs(0), **TINY))()
    ups = [*(step.up for step in model.decoder.steps), model.decoder.up]
    for up, k in zip(ups, sizes, strict=True):
        assert up.bias is None
        expected = caffe_bilinear(k)[:, :, None, None] * np.eye(3)
        assert_allclose(np.asarray(up.kernel), expected, rtol=1e-6)
    for layer in [model.decoder.score, *(step.skip.conv for step in model.decoder.steps)]:
        assert layer.bias is not None
        assert not np.asarray(layer.kernel).any()
        assert not np.asarray(layer.bias).any()
    assert all(np.asarray(conv.kernel).any() for conv in (model.conv6.conv, model.conv7.conv))


def loop_conv(x, conv, padding):
    kernel, bias = np.asarray(conv.kernel, np.float64), np.asarray(conv.bias, np.float64)
    k = len(kernel)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (0, 1))  # h, w, c, k, k
    return np.einsum("hwcab,abcd->hwd", windows, kernel) + bias


def loop_up(y, up: ConvTranspose):
    kernel = np.asarray(up.kernel, np.float64)
    k, stride = len(kernel), up.geometry.strides[0]
    x = np.zeros(((len(y) - 1) * stride + k, (y.shape[1] - 1) * stride + k, kernel.shape[2]))
    for i, j in np.ndindex(y.shape[:2]):
        x[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ y[i, j]
    return x


def loop_original(model, picture, crops, margin):
    """Compute as the original's layers say: the first pads 100, crops take the size of what they are added to."""
    x, pools, padding = picture, [], 100
    for stage in model.encoder.stages:
        for block in stage.convs:
            x = np.maximum(loop_conv(x, block.conv, padding), 0)
            padding = 1
        x = loop_pool(x)
        pools.append(x)
    x = np.maximum(loop_conv(x, model.conv6.conv, 0), 0)
    x = np.maximum(loop_conv(x, model.conv7.conv, 0), 0)
    x = loop_conv(x, model.decoder.score, 0)
    for step, pool, crop in zip(model.decoder.steps, pools[3::-1], crops, strict=False):
        x = loop_up(x, step.up)
        x = x + loop_conv(pool, step.skip.conv, 0)[crop : crop + len(x), crop : crop + x.shape[1]]
    x = loop_up(x, model.decoder.up)
    return x[margin : margin + len(picture), margin : margin + picture.shape[1]]


@pytest.mark.parametrize(("network", "size"), [(FCN32, (9, 37)), (FCN16, (26, 5)), (FCN8, (3, 29))])
def test_original_is_what_its_layers_say(network, size):
    model = tiny(network, in_ch=2)
    model.eval()
    picture = np.random.default_rng(1).normal(size=(*size, 2))
    expected = loop_original(model, picture, *ORIGINAL[network])
    got = nnx.jit(lambda m, x: m(x))(model, picture[None])[0]
    # Parameters are float32, the picture and so the arithmetic float64.
    assert_allclose(got, expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())
