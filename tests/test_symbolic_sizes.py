"""Programs of `jax.export` whose batch and spatial sizes are open: the numbers of the same layer on known sizes."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax import export, lax
from oracles import assert_within_rounding, run_once, share

import jtconv.linen
import jtconv.nn
from jtconv import METHODS, ConvGeometry, ConvOperator, conv, conv_matrix, conv_transpose, verify_transpose
from jtconv._compute.implementation import CPU, TPU, Request
from jtconv._geometry.open_layers import conv_spec, transposed_spec
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._primitives.dispatch import REGISTRY, choose
from jtconv.compat import equinox, flax, haiku, keras, onnx, paddle, tf, torch
from jtconv.compat import lax as compat_lax

OPEN_METHODS = [m for m in METHODS if m != "matrix"]
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
EPS = {np.dtype(np.float64): 2.0**-52, np.dtype(np.float32): 2.0**-23, jnp.dtype(jnp.bfloat16): 2.0**-8}


def symbols(text: str, **options: Any) -> Any:
    """The sizes that `text` names."""
    return export.symbolic_shape(text, **options)


class Layer(NamedTuple):
    """A layer with what is open of its images, and the sizes at which its program is called."""

    kernel_shape: tuple[int, ...]
    geometry: dict[str, Any]
    output_padding: tuple[int, ...]
    method: str
    dtype: Any
    is_open: tuple[bool, ...]  # of the batch, and of each spatial axis
    sizes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]  # (batch and size) of x and of y, for each call


@st.composite
def layers(draw, ndim):
    def per_axis(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    k, s, d = per_axis(1, 4 if ndim < 3 else 3), per_axis(1, 3), per_axis(1, 2)
    pairs = st.tuples(*[st.tuples(st.integers(-2, 3), st.integers(-2, 3))] * ndim)
    padding = draw(st.one_of(st.sampled_from(["VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL"]), pairs, pairs))
    geometry = {"strides": s, "padding": padding, "dilation": d, "groups": draw(st.integers(1, 3))}
    geometry["padding_mode"] = draw(st.sampled_from(["zeros", *PADDING_MODES]))
    sign = -1 if padding in ("SAME", "SAME_LOWER", "ANTICAUSAL") else 1
    a = tuple(sign * draw(st.integers(0, stride - 1)) for stride in s)
    is_open = tuple(draw(st.booleans()) for _ in range(ndim + 1))
    assume(any(is_open))
    calls = []
    for number in range(2):
        x, y = ((draw(st.integers(1, 3)), *per_axis(5, 9)), (draw(st.integers(1, 3)), *per_axis(2, 5)))
        first = calls[0] if number else (x, y)
        calls.append(tuple(tuple(np.where(is_open, new, old).tolist()) for new, old in zip((x, y), first, strict=True)))
    checked = ConvGeometry(k, **geometry)
    for x, y in calls:
        try:
            for size in (x[1:], checked.transpose_output_size(y[1:], output_padding=a)):
                checked.at(size)
        except ValueError:
            assume(False)
    shape = (*k, draw(st.integers(1, 3)), draw(st.integers(1, 2)) * geometry["groups"])
    dtype = draw(st.sampled_from([np.float64, np.float32, jnp.bfloat16]))
    return Layer(shape, geometry, a, draw(st.sampled_from(OPEN_METHODS)), dtype, is_open, tuple(calls))


def everything(layer, x, y, kernel):
    """C x and Cᵀ y, each with its gradients by both operands."""
    results = []
    transposed = partial(conv_transpose, output_padding=layer.output_padding, method=layer.method)
    for f, image in ((conv, x), (transposed, y)):
        result, pullback = jax.vjp(partial(f, **layer.geometry), image, kernel)
        results += [result, *pullback(result)]
    return results


def program(layer, platforms=None):
    """The exported program of `everything`, and its arguments' types."""
    ndim = len(layer.kernel_shape) - 2
    names = symbols(", ".join(["b", *(f"t{a}" for a in range(ndim)), *(f"u{a}" for a in range(ndim))]))
    in_ch = layer.kernel_shape[-2] * layer.geometry["groups"]
    types = [
        jax.ShapeDtypeStruct(
            (*(s if o else n for s, o, n in zip(sizes, layer.is_open, known, strict=True)), ch), layer.dtype
        )
        for sizes, known, ch in (
            (names[: ndim + 1], layer.sizes[0][0], in_ch),
            (
                (names[0], *names[ndim + 1 :]),
                (layer.sizes[0][0][0], *layer.sizes[0][1][1:]),
                layer.kernel_shape[-1],
            ),
        )
    ]
    kernel = jax.ShapeDtypeStruct(layer.kernel_shape, layer.dtype)
    return export.export(jax.jit(partial(everything, layer)), platforms=platforms)(*types, kernel)


def arrays(layer, call, seed):
    rng = np.random.default_rng(seed)
    (x, y), in_ch = layer.sizes[call], layer.kernel_shape[-2] * layer.geometry["groups"]
    shapes = (*x, in_ch), (x[0], *y[1:], layer.kernel_shape[-1]), layer.kernel_shape
    return [jnp.asarray(rng.standard_normal(shape), layer.dtype) for shape in shapes]


def assert_same_numbers(layer, exported):
    """What the program returns is, within the bound for two orders of summation, what the layer does without export."""
    for call in range(len(layer.sizes)):
        given_arrays = arrays(layer, call, seed=call)
        got = run_once(exported.call, *given_arrays)
        expected = run_once(partial(everything, layer), *given_arrays)
        magnitudes = run_once(partial(everything, layer), *(jnp.abs(a).astype(np.float64) for a in given_arrays))
        # A gradient is of a result that is rounded itself, so it has the rounding of two sums.
        terms = 2 * sum(a.size for a in given_arrays) if layer.dtype != jnp.bfloat16 else 8
        for one, other, magnitude in zip(got, expected, magnitudes, strict=True):
            assert (one.shape, one.dtype) == (other.shape, layer.dtype)
            wide = np.asarray(one, np.float64), np.asarray(other, np.float64)
            assert_within_rounding(*wide, magnitude, terms, EPS[jnp.dtype(layer.dtype)])


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_open_sizes_change_no_number(ndim):
    @settings(max_examples=share(0.05 if ndim < 3 else 0.02))
    @given(layers(ndim))
    def check(layer):
        assert_same_numbers(layer, program(layer))

    check()


@pytest.mark.parametrize("method", OPEN_METHODS)
@pytest.mark.parametrize("padding_mode", PADDING_MODES)
def test_every_method_with_every_padding_mode(method, padding_mode):
    """Windows that leave positions over, uneven padding and groups, all sizes open; the last axis is cropped."""
    geometry = {"strides": (2, 3), "padding": ((2, 1), (1, -1)), "dilation": (1, 2), "groups": 2}
    sizes = ((2, 6, 9), (2, 3, 4)), ((1, 9, 7), (1, 5, 3))
    layer = Layer(
        (3, 2, 1, 4), geometry | {"padding_mode": padding_mode}, (1, 2), method, np.float64, (True,) * 3, sizes
    )
    assert_same_numbers(layer, program(layer))


@pytest.mark.parametrize(
    ("kernel_shape", "geometry"),
    [
        ((4, 4, 2, 3), {"strides": (2, 2), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}),
        ((3, 3, 1, 4), {"strides": (2, 1), "padding": "SAME", "dilation": (1, 2), "groups": 4}),
        ((9, 8, 2, 3), {"strides": (4, 3), "padding": "VALID", "dilation": (1, 1), "groups": 1}),
        ((3, 2, 2, 6), {"strides": (2, 3), "padding": ((0, 1), (2, 0)), "dilation": (2, 3), "groups": 3}),
    ],
)
def test_one_program_for_every_platform(kernel_shape, geometry):
    sizes = ((2, 17, 16), (2, 3, 4)), ((3, 21, 13), (3, 2, 5))
    layer = Layer(kernel_shape, geometry | {"padding_mode": "zeros"}, (0, 0), "auto", np.float32, (True,) * 3, sizes)
    exported = export.deserialize(program(layer, PLATFORMS).serialize())
    assert exported.platforms == PLATFORMS
    assert_same_numbers(layer, exported)


def lax_pairs(rng):
    """C and Cᵀ of a random layer, ours and lax's."""
    k, s, d, g = rng.integers(1, 5), rng.integers(1, 4), rng.integers(1, 3), int(rng.integers(1, 3))
    kernel = jnp.asarray(rng.standard_normal((k, 2, 3 * g)))
    pads = [tuple(rng.integers(0, 3, 2).tolist())]
    padding = [pads, "SAME", "VALID"][rng.integers(3)]
    reach = int(d * (k - 1))
    numbers: dict[str, Any] = {"rhs_dilation": (int(d),), "dimension_numbers": ("NHC", "HIO", "NHC")}
    ours: dict[str, Any] = {"strides": int(s), "dilation": int(d)}
    lhs = jax.ShapeDtypeStruct(symbols(f"b, t, {2 * g}"), kernel.dtype)
    yield (
        lhs,
        lambda x: conv(x, kernel, padding=padding, groups=g, **ours),
        lambda x: lax.conv_general_dilated(x, kernel, (int(s),), padding, feature_group_count=g, **numbers),
    )
    single = kernel[..., :3]
    inserted = [(reach - lo, reach - hi) for lo, hi in pads]
    yield (
        jax.ShapeDtypeStruct(symbols("b, t, 3"), kernel.dtype),
        lambda y: conv_transpose(y, single, padding=pads, **ours),
        lambda y: lax.conv_transpose(y, single, (int(s),), inserted, transpose_kernel=True, **numbers),
    )


@pytest.mark.parametrize("seed", range(10))
def test_sizes_and_numbers_are_those_of_lax(seed):
    """The same expressions too, so that results of both can be added."""
    rng = np.random.default_rng(seed)
    for argument, ours, laxs in lax_pairs(rng):
        exported = export.export(jax.jit(lambda x, ours=ours, laxs=laxs: (ours(x), laxs(x))))(argument)
        assert exported.out_avals[0].shape == exported.out_avals[1].shape
        for n, t in ((2, 11), (1, 14)):
            x = rng.standard_normal((n, t, argument.shape[-1]))
            got, expected = run_once(exported.call, x)
            assert got.shape == expected.shape == ours(x).shape
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def exported_on(text, f, dtype=np.float64, **options):
    shape = symbols(text, **options)
    return export.export(jax.jit(f))(jax.ShapeDtypeStruct(shape, dtype))


def assert_exports(text, f, *shapes):
    """`f` of one array whose sizes are `text` has the same numbers without export, at each of `shapes`."""
    exported = exported_on(text, f)
    for seed, shape in enumerate(shapes):
        x = np.random.default_rng(seed).standard_normal(shape)
        results = jax.tree.leaves(run_once(exported.call, x)), jax.tree.leaves(run_once(f, x))
        for got, expected in zip(*results, strict=True):
            assert got.shape == expected.shape
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12 * max(1, np.abs(expected).max()))
    return [str(aval.shape) for aval in exported.out_avals]


KERNEL = np.random.default_rng(0).standard_normal((4, 3, 2, 4))
WEIGHT = np.random.default_rng(1).standard_normal((4, 2, 4, 3))  # of torch and ONNX


@pytest.mark.parametrize(
    "geometry",
    [{"strides": 2, "padding": 1}, {"strides": (3, 2), "padding": "SAME"}, {"strides": 2, "padding": "SAME_LOWER"}],
)
def test_there_and_back_with_the_size_of_the_input(geometry):
    """As in a U-Net: `output_size` is an open size, which the convolution is known to map to y's."""

    def network(x):
        y = jnp.tanh(conv(x, KERNEL, **geometry))
        return x + conv_transpose(y, KERNEL, output_size=x.shape[1:3], **geometry)

    assert assert_exports("b, h, w, 2", network, (2, 9, 8, 2), (1, 6, 11, 2)) == ["(b, h, w, 2)"]


@pytest.mark.parametrize("method", OPEN_METHODS)
def test_layers_in_a_row(method):
    """Sizes such as max(2*h - 3, 0): whether there are positions left is not known."""

    def network(y):
        x = conv_transpose(y, KERNEL, strides=2, padding=2)
        z = conv(jnp.sin(conv(x, KERNEL))[..., :2], KERNEL, strides=2, padding_mode="reflect", padding=1)
        return conv_transpose(z, KERNEL, strides=(3, 2), method=method)

    def gradient(y):
        return jax.grad(lambda y: jnp.sum(jnp.cos(network(y))))(y)

    for f in (network, gradient):
        assert_exports("b, h, w, 4", f, (2, 7, 8, 4), (1, 9, 6, 4))


def test_multiples_of_the_stride_stay_multiples():
    def halved(x):
        y = conv(x, KERNEL, strides=2, padding="SAME")
        return y, conv_transpose(y, KERNEL, strides=2, padding="SAME")

    sizes = assert_exports("b, 8*h, 8*w, 2", halved, (1, 8, 16, 2))
    assert sizes == ["(b, 4*h, 4*w, 4)", "(b, 8*h, 8*w, 2)"]


def test_constraints_name_sizes_without_a_maximum():
    f = partial(conv, kernel=KERNEL)
    assert str(exported_on("b, h, w, 2", f).out_avals[0].shape) == "(b, max(h - 3, 0), max(w - 2, 0), 4)"
    constrained = exported_on("b, h, w, 2", f, constraints=("h >= 4", "w >= 3"))
    assert str(constrained.out_avals[0].shape) == "(b, h - 3, w - 2, 4)"


def test_where_the_kernel_does_not_fit_the_result_is_empty():
    """As lax's: a program cannot refuse. The gradient of nothing is zero."""

    def f(x):
        return conv(x, KERNEL), jax.grad(lambda x: conv(x, KERNEL, strides=2).sum())(x)

    y, gradient = exported_on("b, h, w, 2", f).call(np.ones((1, 3, 5, 2)))
    assert y.shape == (1, 0, 3, 4)
    assert not gradient.any()
    cropped = exported_on("b, h, w, 4", lambda y: conv_transpose(y, KERNEL, padding=((4, 3), 0)))
    assert [cropped.call(np.ones((1, n, 2, 4))).shape for n in (2, 6)] == [(1, 0, 4, 2), (1, 2, 4, 2)]


def test_second_derivatives_and_complex_numbers():
    def f(y):
        layer = partial(conv_transpose, kernel=KERNEL * (1 + 2j), strides=2, padding_mode="replicate", padding=1)
        return jax.grad(lambda y: jnp.sum(jax.grad(lambda y: jnp.sum(jnp.abs(layer(y)) ** 4))(y) ** 2))(y)

    assert_exports("b, h, w, 4", f, (1, 4, 5, 4), (2, 3, 2, 4))


def test_matrix_with_an_open_batch():
    """In blocks, and in planes: few taps and channels."""
    for kernel in (KERNEL, np.random.default_rng(1).standard_normal((2, 3, 1, 2))):
        for strides in (1, 2):
            f = partial(conv_transpose, kernel=kernel, strides=strides, padding=1, method="matrix")
            shapes = [(n, 3, 4, kernel.shape[-1]) for n in (1, 5)]
            assert_exports(f"b, 3, 4, {kernel.shape[-1]}", f, *shapes)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
def test_vmap_over_a_number_that_is_open(axes):
    """Images join the batch; kernels, and gradients of kernels for each image, are computed one after the other."""

    def f(n):
        def layer(y, kernel):
            x, pullback = jax.vjp(partial(conv_transpose, strides=2), y, kernel)
            return x, *pullback(jnp.sin(x))

        y, kernel = n[:, None, None, None] * jnp.ones((3, 5, 4)), n[:, None, None, None, None] * KERNEL
        operands = [array if axis == 0 else array[0] for array, axis in zip((y, kernel), axes, strict=True)]
        return jax.vmap(layer, axes)(*operands)

    assert_exports("n", f, (3,), (1,))


def test_modules():
    rngs = nnx.Rngs(0)
    layers = (
        jtconv.nn.Conv(2, 3, (3, 3), strides=2, padding="SAME", rngs=rngs),
        jtconv.nn.ConvTranspose(3, 2, (4, 3), strides=2, padding=1, rngs=rngs),
    )
    linen = jtconv.linen.ConvTranspose(2, (4, 3), strides=2, padding=1)
    variables = linen.init(jax.random.key(0), np.zeros((1, 4, 5, 2)))

    def network(x):
        return linen.apply(variables, layers[1](jnp.tanh(layers[0](x)))), jax.grad(lambda x: layers[0](x).sum())(x)

    assert_exports("b, 2*h, 2*w, 2", network, (2, 6, 8, 2), (1, 4, 12, 2))


@pytest.mark.parametrize(
    ("text", "f"),
    [
        ("b, 4, h, w", lambda y: torch.conv_transpose2d(y, WEIGHT, stride=2, padding=1, output_padding=1)),
        ("b, 4, h, w", lambda y: onnx.conv_transpose(y, WEIGHT, strides=[2, 3], auto_pad="SAME_UPPER")),
        ("b, 4, h, w", lambda y: paddle.conv2d_transpose(y, WEIGHT, stride=2, padding=[1, 0], output_padding=1)),
        ("b, h, w, 4", lambda y: keras.conv_transpose(y, KERNEL, strides=2, padding="same", output_padding=1)),
        ("b, h, w, 4", lambda y: compat_lax.conv_transpose(y, KERNEL, (2, 3), ((1, 3), (2, 0)), transpose_kernel=True)),
        ("b, h, w, 2", lambda y: flax.conv_transpose(y, KERNEL, strides=(2, 3), padding="CIRCULAR")),
        ("b, h, w, 4", lambda y: haiku.conv_transpose(y, KERNEL, stride=(2, 3), padding="VALID")),
        ("4, h, w", lambda y: equinox.conv_transpose(y, WEIGHT.swapaxes(0, 1), stride=2, padding=1)),
    ],
    ids=["torch", "onnx", "paddle", "keras", "lax", "flax", "haiku", "equinox"],
)
def test_functions_of_other_frameworks(text, f):
    sizes = [{"b": 2, "h": 5, "w": 3}, {"b": 1, "h": 2, "w": 6}]
    assert_exports(text, f, *[tuple(size.get(n) or int(n) for n in text.split(", ")) for size in sizes])


@pytest.mark.parametrize(
    ("text", "match", "f"),
    [
        (
            "b, 4, h, w",
            r"`output_shape` \[9, 9\] needs",
            lambda y: onnx.conv_transpose(y, WEIGHT, output_shape=[9, 9]),
        ),
        ("b, 4, h, w", r"`padding` 'SAME' needs", lambda y: paddle.conv2d_transpose(y, WEIGHT, padding="SAME")),
        (
            "b, h, w, 4",
            r"`output_shape` \(9, 9\) needs",
            lambda y: haiku.conv_transpose(y, KERNEL, output_shape=(9, 9)),
        ),
        (
            "1, h, w, 4",
            r"`output_shape` \(1, 9, .* needs",
            lambda y: tf.conv2d_transpose(y, KERNEL, (1, 9, 9, 2), 2),
        ),
    ],
)
def test_padding_of_other_frameworks_that_depends_on_the_size(text, match, f):
    refused(ValueError, f"{match} an image of known size, but `jax.export` leaves .h, w. open", f, text)


def test_choices_do_not_depend_on_open_sizes():
    """They are those for few positions. XLA would swap an FCN's kernel with an image, if that is smaller."""
    b, h, w = symbols("b, h, w")
    chosen = {}
    for name, kernel, s in (("FCN-32", (64, 64, 21, 21), 32), ("DCGAN", (4, 4, 64, 128), 2)):
        geometry = ConvGeometry(kernel[:2], strides=s, padding=s // 2)
        spec = transposed_spec(geometry, (h, w), None, None)
        request = partial(Request, spec, ((b, h, w, kernel[-1]), kernel))
        chosen[name] = [choose("transposed", request(platform)).name for platform in (CPU, "cuda", TPU, None)]
    assert chosen == {"FCN-32": ["polyphase", "polyphase", "lax", "lax"], "DCGAN": ["polyphase", "vjp", "lax", "lax"]}
    spec = conv_spec(ConvGeometry((3, 3), padding=1, groups=8), (h, w))
    shapes = (b, h, w, 8), (3, 3, 1, 8)
    assert choose("forward", Request(spec, shapes, CPU)).name == "depthwise"
    assert choose("transposed", Request(spec, shapes, CPU)).name == "overlap_add"


def test_estimates_keep_what_is_known():
    b, h = symbols("b, h")
    spec = transposed_spec(ConvGeometry((4, 3), strides=(2, 3), padding=1), (h, 5), (1, 2), None)
    request = Request(spec, ((b, h, 5, 6), (4, 3, 2, 6)), CPU).estimated()
    outputs, inputs = request.spec.output_size, request.spec.input_size
    assert outputs[1] == 5
    assert ConvGeometry((4, 3), strides=(2, 3), padding=1).output_size(inputs) == outputs
    assert inputs == ConvGeometry((4, 3), strides=(2, 3), padding=1).transpose_output_size(
        outputs, output_padding=(1, 2)
    )
    assert request.shapes == ((8, outputs[0], 5, 6), (4, 3, 2, 6))
    assert request.is_estimate
    assert not request.is_open


def refused(error, match, f, text="b, t, 4"):
    with pytest.raises(error, match=match) as found:
        exported_on(text, f)
    return str(found.value)


LINE = np.ones((3, 2, 4))


def test_what_needs_numbers_says_so():
    """Each message names an argument that was given."""
    t = symbols("t")[0]
    message = refused(
        ValueError,
        "`method` 'matrix' needs to know the size of `y`",
        partial(conv_transpose, kernel=LINE, method="matrix"),
    )
    assert all(repr(name) in message for name in ("auto", *OPEN_METHODS))
    for name in ("strides", "padding", "dilation", "groups", "output_padding"):
        refused(
            TypeError,
            f"`{name}` must be an int, got t, a size that `jax.export` leaves open",
            lambda y, name=name: conv_transpose(y, LINE, **{name: t}),
        )
    refused(
        ValueError,
        r"`output_padding` must be in \[0, 1\] on spatial axis 0 .*got 2",
        partial(conv_transpose, kernel=LINE, strides=2, output_padding=2),
    )
    refused(
        ValueError,
        r"`output_padding` must be in \[-1, 0\] .*got 1",
        partial(conv_transpose, kernel=LINE, strides=2, output_padding=1, padding="SAME"),
    )
    refused(ValueError, "`y` must have 4 channels .*got c", partial(conv_transpose, kernel=LINE), "b, t, c")
    refused(
        ValueError,
        r"`kernel` must have sizes in numbers, got shape \(k, 2, 4\)",
        lambda k: conv(np.ones((9, 2)), k),
        "k, 2, 4",
    )
    refused(ValueError, "the kernel does not fit: on spatial axis 1", partial(conv, kernel=KERNEL), "b, h, 2, 2")
    for f in (conv_matrix, ConvOperator, verify_transpose):
        for size in (t, (t,)):
            with pytest.raises(
                ValueError, match="`input_size` must be ints, got .*t.*, which `jax.export` leaves open: "
            ):
                f(LINE, size)
    with pytest.raises(TypeError, match="`input_size` must be an int, got t, a size that"):
        ConvGeometry(3).at(t)


def test_output_size_must_be_known_to_fit():
    def sized(y, of):
        return conv_transpose(y, LINE, strides=2, padding=1, output_size=of(y.shape[1]))

    for offset, size in ((-1, "2*t - 1"), (0, "2*t")):
        exported = exported_on("b, t, 4", partial(sized, of=lambda t, offset=offset: 2 * t + offset))
        assert str(exported.out_avals[0].shape[1]) == size
    for of, shown in ((lambda t: 2 * t + 1, r"2\*t \+ 1"), (lambda t: t, "t"), (lambda _: 7, "7")):
        refused(
            ValueError,
            f"`output_size` must be a size that the convolution surely maps .* got {shown}, which",
            partial(sized, of=of),
        )
    with pytest.raises(ValueError, match="give `output_size` or `output_padding`, not both: got t and 1"):
        conv_transpose(np.ones((1, 5, 4)), LINE, output_size=symbols("t")[0], output_padding=1)
    refused(
        ValueError,
        "`output_size` must be a size that the convolution surely maps to that of y, 5",
        lambda y: conv_transpose(np.ones((1, 5, 4)), LINE, output_size=y.shape[:1]),
    )


def test_every_method_exports_or_is_refused():
    """A new method says whether it computes layers on open sizes."""
    for name in METHODS[1:]:
        assert REGISTRY["transposed", name].on_open_sizes == (name in OPEN_METHODS)
