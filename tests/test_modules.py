"""Properties of the modules of NNX and of Linen."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from frameworks import both_frameworks, both_kinds, make_linen, make_nnx

import jtconv
from jtconv import linen, nn
from jtconv.linen import params_from_flax
from jtconv.nn import Conv, bilinear

RANDOM = np.random.default_rng(0)

LAYERS = [
    ("Conv", 4, 6, (3, 2), {"strides": (2, 3), "padding": "SAME", "dilation": (1, 2), "groups": 2}),
    ("Conv", 2, 3, (4,), {"strides": 3, "padding": ((1, 2),), "padding_mode": "circular"}),
    ("Conv", 2, 3, (3, 1, 2), {"padding": (1, 0, 2), "padding_mode": "reflect"}),
    ("Conv", 3, 3, (3,), {"padding": "CAUSAL", "groups": 3}),
    ("ConvTranspose", 6, 4, (3, 2), {"strides": (2, 3), "padding": "SAME", "dilation": (1, 2), "groups": 2}),
    ("ConvTranspose", 2, 3, (4,), {"strides": 3, "padding": ((1, 2),), "padding_mode": "circular"}),
    ("ConvTranspose", 2, 3, (3, 1, 2), {"strides": 2, "padding": (1, 0, 1), "output_padding": (1, 0, 1)}),
    ("ConvTranspose", 2, 3, (3, 3), {"padding": "SAME_LOWER", "padding_mode": "replicate", "method": "scatter"}),
    ("ConvTranspose", 2, 3, (5,), {"strides": 2, "padding": 2, "method": "polyphase", "precision": "highest"}),
]


def normal(*shape):
    return RANDOM.standard_normal(shape)


def image_of(kernel_size, in_ch):
    return normal(2, *range(7, 7 + len(kernel_size)), in_ch)


@both_frameworks
@pytest.mark.parametrize(("kind", "in_ch", "out_ch", "kernel_size", "options"), LAYERS)
def test_a_module_is_its_function_and_a_bias(make, kind, in_ch, out_ch, kernel_size, options):
    """To the bit, so NNX and Linen agree to the bit."""
    module = make(kind, in_ch, out_ch, kernel_size, **options)
    image, params = image_of(kernel_size, in_ch), jax.tree.map(lambda p: normal(*p.shape), dict(module.params))
    function = {"Conv": jtconv.conv, "ConvTranspose": jtconv.conv_transpose}[kind]
    expected = function(image, params["kernel"], **options) + params["bias"]
    np.testing.assert_array_equal(module.apply(params, image), expected)


@both_frameworks
def test_kernels_are_those_of_the_convolution(make):
    conv = make("Conv", 4, 6, (3, 2), groups=2)
    transpose = make("ConvTranspose", 6, 4, (3, 2), groups=2)
    assert conv.params["kernel"].shape == transpose.params["kernel"].shape == (3, 2, 2, 6)
    assert (conv.params["bias"].shape, transpose.params["bias"].shape) == ((6,), (4,))
    assert set(make("Conv", 4, 6, 3, use_bias=False).params) == {"kernel"}


@both_frameworks
@pytest.mark.parametrize(
    ("kernel_size", "strides", "groups", "dilation"),
    [
        ((3, 3), 1, 1, 1),
        ((4, 4), 2, 1, 1),
        ((16, 16), 8, 1, 1),
        ((5, 3), (3, 1), 4, 1),
        ((2,), 3, 1, 1),
        ((4, 4), 2, 1, 2),
        ((3,), 4, 1, 6),
    ],
)
def test_default_kernel_keeps_the_variance(make, kernel_size, strides, groups, dilation):
    """Unit variance in gives unit variance out in the interior, whatever stride and groups.

    The mean square of n kernel entries has relative standard deviation sqrt(2 / n); that and the
    borders of the interior are the tolerance. Positions that no tap reaches (k < s) are left out.
    """
    module = make("ConvTranspose", 256, 32, kernel_size, strides=strides, groups=groups, dilation=dilation)
    y = normal(4, *(20,) * len(kernel_size), 256).astype(np.float32)
    x = np.asarray(module.apply(module.params, y))
    inside = x[(slice(None), *(slice(3 * k, -3 * k) for k in kernel_size))]
    assert np.mean(inside[inside != 0] ** 2) == pytest.approx(1, rel=0.1)


@both_frameworks
def test_conv_default_kernel_keeps_the_variance(make):
    module = make("Conv", 64, 32, (3, 3), groups=2, padding="SAME")
    x = normal(4, 20, 20, 64).astype(np.float32)
    assert np.mean(np.square(module.apply(module.params, x))[:, 2:-2, 2:-2]) == pytest.approx(1, rel=0.1)


@both_frameworks
def test_output_size_takes_the_place_of_output_padding(make):
    module = make("ConvTranspose", 2, 3, (3, 3), strides=2, output_padding=(1, 0))
    y = np.ones((1, 4, 4, 2), np.float32)
    assert module.apply(module.params, y).shape == (1, 10, 9, 3)
    assert module.apply(module.params, y, (9, 10)).shape == (1, 9, 10, 3)


@both_frameworks
@both_kinds
@pytest.mark.parametrize(
    ("image", "options", "result"),
    [
        ("float32", {}, "float32"),
        ("float16", {}, "float32"),
        ("float64", {}, "float64"),
        ("float32", {"param_dtype": "float64"}, "float64"),
        ("bfloat16", {"param_dtype": jnp.bfloat16}, "bfloat16"),
        ("float32", {"dtype": jnp.bfloat16}, "bfloat16"),
        ("float64", {"dtype": "float32", "param_dtype": "float64"}, "float32"),
        ("complex64", {}, "complex64"),
        ("bfloat16", {"dtype": jnp.bfloat16, "preferred_element_type": "float32"}, "float32"),
        ("float32", {"preferred_element_type": jnp.bfloat16}, "bfloat16"),
    ],
)
def test_dtypes(make, kind, image, options, result):
    module = make(kind, 2, 3, 3, **options)
    assert {p.dtype for p in module.params.values()} == {jnp.dtype(options.get("param_dtype", "float32"))}
    assert module.apply(module.params, jnp.ones((1, 5, 2), image)).dtype == jnp.dtype(result)


@both_frameworks
@both_kinds
def test_mask(make, kind):
    """A masked parameter counts as zero and has no gradient."""
    shape = make(kind, 4, 6, (3, 2), groups=2).params["kernel"].shape
    mask = normal(*shape) > 0
    module = make(kind, 4, 6, (3, 2), groups=2, mask=mask)
    params, image = dict(module.params), image_of((3, 2), 4)
    zeroed = params | {"kernel": jnp.where(mask, params["kernel"], 0)}
    without = make(kind, 4, 6, (3, 2), groups=2)
    np.testing.assert_array_equal(module.apply(params, image), without.apply(zeroed, image))

    gradient = jax.grad(lambda p: jnp.sum(module.apply(p, image) ** 2))(params)["kernel"]
    unmasked = jax.grad(lambda p: jnp.sum(without.apply(p, image) ** 2))(zeroed)["kernel"]
    np.testing.assert_array_equal(gradient, jnp.where(mask, unmasked, 0))


@both_frameworks
@both_kinds
def test_wrong_masks(make, kind):
    with pytest.raises(ValueError, match=r"`mask` must have the kernel's shape \(3, 4, 4\), got shape \(3, 4\)"):
        make(kind, 4, 4, 3, mask=np.ones((3, 4)))
    with pytest.raises(TypeError, match="`mask` must be real or boolean, got complex128"):
        make(kind, 4, 4, 3, mask=np.ones((3, 4, 4), complex))


@both_frameworks
@both_kinds
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_ch": 0}, ValueError, "`in_ch` must be at least 1, got 0"),
        ({"in_ch": 3, "out_ch": 4, "groups": 2}, ValueError, "`groups` must divide `in_ch` = 3, got 2"),
        ({"out_ch": 2.0}, TypeError, "`out_ch` must be an int, got 2.0"),
        ({"groups": 2}, ValueError, "`groups` must divide `out_ch` = 3, got 2"),
        ({"strides": 0}, ValueError, "`strides` must be at least 1"),
        ({"padding": "WIDE"}, ValueError, "`padding` must be one of"),
        ({"dtype": jnp.int32}, TypeError, "`dtype` must be a floating or complex dtype, got int32"),
        ({"param_dtype": "foo"}, TypeError, "`param_dtype` must be a floating or complex dtype, got 'foo'"),
        ({"precision": "best"}, ValueError, "`precision` must be None, 'default'"),
        ({"preferred_element_type": int}, TypeError, "`preferred_element_type` must be a floating or complex"),
    ],
)
def test_wrong_arguments(make, kind, arguments, error, message):
    with pytest.raises(error, match=message):
        make(**{"kind": kind, "in_ch": 4, "out_ch": 3, "kernel_size": (3, 3), **arguments})


@both_frameworks
def test_wrong_options_of_conv_transpose(make):
    with pytest.raises(ValueError, match="`method` must be one of"):
        make("ConvTranspose", 4, 3, 3, method="fft")
    with pytest.raises(ValueError, match="`output_padding` must be an int or 1 int"):
        make("ConvTranspose", 4, 3, 3, output_padding=(1, 2))
    with pytest.raises(ValueError, match="`output_padding` must be at least 0, got -1"):
        make("ConvTranspose", 4, 3, 3, strides=2, output_padding=-1)
    assert make("ConvTranspose", 4, 3, 3, strides=2, padding="SAME", output_padding=-1) is not None


def test_rngs_are_those_of_nnx():
    with pytest.raises(TypeError, match="`rngs` must be an nnx.Rngs, as nnx.Rngs.0. makes it, got int"):
        Conv(4, 3, 3, rngs=0)  # pyright: ignore[reportArgumentType] (refused, which is tested)
    assert Conv(4, 3, 3, rngs=nnx.Rngs(0).params).kernel.shape == (3, 4, 3)


def test_variables_are_not_one_layers_parameters():
    with pytest.raises(ValueError, match=r'pass variables\["params"\]'):
        params_from_flax({"params": {"kernel": np.ones((3, 4, 3))}})


@both_frameworks
@pytest.mark.parametrize(("kind", "name"), [("Conv", "x"), ("ConvTranspose", "y")])
def test_wrong_inputs(make, kind, name):
    module = make(kind, 4, 6, (3, 2), groups=2)
    with pytest.raises(TypeError, match=f"`{name}` must be an array"):
        module.apply(module.params, "image")
    with pytest.raises(ValueError, match=f"`{name}` must have shape .* got shape \\(\\)"):
        module.apply(module.params, 1.0)
    with pytest.raises(ValueError, match=f"`{name}` must have 4 channels in its last axis"):
        module.apply(module.params, np.ones((5, 5, 6)))
    real = make(kind, 4, 6, (3, 2), dtype=jnp.float32)
    with pytest.raises(TypeError, match=f"`dtype` must be complex where `{name}` is"):
        real.apply(real.params, np.ones((5, 5, 4), complex))
    for layer in (module, real):
        with pytest.raises(TypeError, match="`bias` must be real where the layer's result is, got complex"):
            layer.apply({**layer.params, "bias": jnp.ones(6, complex)}, np.ones((5, 5, 4), np.float32))


@both_frameworks
@both_kinds
def test_precision_none_is_the_default_of_the_call(make, kind):
    """Not that of the moment in which the module was made."""
    with jax.default_matmul_precision("highest"):
        module = make(kind, 2, 3, (3,), **({"method": "lax"} if kind == "ConvTranspose" else {}))
    x = jnp.ones((1, 5, 2), jnp.float32)
    assert "HIGHEST" not in str(jax.make_jaxpr(module.apply)(module.params, x))
    with jax.default_matmul_precision("highest"):
        assert "HIGHEST" in str(jax.make_jaxpr(module.apply)(module.params, x))


@both_kinds
def test_jit_and_gradients_agree_to_the_bit(kind):
    options = {"strides": 2, "padding": 1, "groups": 2}
    nnx_module, linen_module = (make(kind, 4, 6, (4, 3), **options) for make in (make_nnx, make_linen))
    image = image_of((4, 3), 4).astype(np.float32)

    def loss(module):
        return jax.jit(jax.value_and_grad(lambda p, x: jnp.sum(jnp.sin(module.apply(p, x))), argnums=(0, 1)))

    ours, theirs = (loss(module)(nnx_module.params, image) for module in (nnx_module, linen_module))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


@both_frameworks
def test_strict_rules_of_promotion(make):
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        options = {"strides": 2, "dtype": jnp.bfloat16, "kernel_init": bilinear(), "mask": np.ones((4, 4, 4, 4), bool)}
        module = make("ConvTranspose", 4, 4, (4, 4), **options)
        assert module.apply(module.params, np.ones((2, 5, 6, 4), np.float32)).dtype == jnp.bfloat16


def test_jtconv_itself_does_not_import_flax():
    subprocess.run([sys.executable, "-c", "import sys, jtconv; assert 'flax' not in sys.modules"], check=True)


def test_a_layers_parameters_keep_their_shapes_whoever_puts_them_in():
    """In both frameworks, for kernels that would run all the same: transposed, of one tap less, of other groups."""
    image = np.ones((1, 5, 6, 4), np.float32)
    layer = nn.ConvTranspose(4, 6, (3, 3), groups=2, rngs=nnx.Rngs(0))
    right = layer.kernel.shape
    assert right == (3, 3, 3, 4)

    def applied(shape):
        nnx.update(layer, {"kernel": jnp.ones(shape)})
        return layer(image)

    for wrong in ((3, 3, 6, 4), (2, 3, 3, 4), (3, 3, 4), (4, 3, 3, 3), (3, 3, 3, 4, 1)):
        with pytest.raises(ValueError, match=r"`kernel` must have shape \(\*kernel_size, out_ch // groups, in_ch\)"):
            applied(wrong)
        variables = {"params": {"kernel": jnp.ones(wrong), "bias": jnp.zeros(6)}}
        with pytest.raises(ValueError, match="`kernel` must have shape"):
            linen.ConvTranspose(6, (3, 3), groups=2).apply(variables, image)
    assert applied(right).shape == (1, 7, 8, 6)


@pytest.mark.parametrize("make", [lambda k: nn.Conv(4, 3, k, rngs=nnx.Rngs(0)), lambda k: linen.Conv(3, k)])
def test_an_int_kernel_size_is_for_signals(make):
    """A picture would be taken for a batch of its rows."""

    def applied(k, shape):
        layer, image = make(k), np.ones(shape, np.float32)
        return layer.init_with_output(jax.random.key(0), image)[0] if isinstance(layer, linen.Conv) else layer(image)

    with pytest.raises(ValueError, match=r"the int 3, which is one spatial axis: pass \(3, 3\) for pictures"):
        applied(3, (2, 7, 9, 4))
    assert applied(3, (2, 9, 4)).shape == (2, 7, 3)
    assert applied((3,), (2, 7, 9, 4)).shape == (2, 7, 7, 3)
    assert applied((3, 3), (2, 7, 9, 4)).shape == (2, 5, 7, 3)
