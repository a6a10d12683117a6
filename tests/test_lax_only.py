"""`jtconv.lax_only`: the same numbers, by programs that hold no primitive of jtconv."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from hypothesis import given, settings
from jax import lax
from jax.experimental import checkify, jet
from jax.extend.core import Primitive
from jax.sharding import AxisType, PartitionSpec
from oracles import (
    assert_within_rounding,
    cases,
    loop_conv_transpose,
    magnitude_of_terms,
    make_case,
    run_once,
    share,
    terms,
)

from jtconv import METHODS, ConvOperator, conv, conv_transpose, lax_only, spatial
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._verify.layers import LAYERS
from jtconv.linen import ConvTranspose as LinenConvTranspose
from jtconv.nn import Conv, ConvTranspose

# Functions around operations, changes of types on meshes, sums of cotangents.
AROUND = {"add_any", "custom_jvp_call", "custom_vjp_call", "jit", "remat2", "shard_map"}
AROUND |= {"mesh_cast", "pvary", "reshard"}
OF_JAX = AROUND | {p.name for p in vars(lax).values() if isinstance(p, Primitive)}
GEOMETRY = {"strides": (2, 1), "padding": ((1, 0), (0, 2)), "groups": 3}


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a jaxpr, those of the jaxprs in their parameters too."""
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves([*equation.params.values()], is_leaf=lambda v: hasattr(v, "eqns")):
            if hasattr(value, "eqns"):
                yield from equations(getattr(value, "jaxpr", value))


def primitives(f: Any, *arguments: Any) -> set[str]:
    return {equation.primitive.name for equation in equations(jax.make_jaxpr(f)(*arguments).jaxpr)}


def in_block(f: Any) -> Any:
    def within(*arguments: Any) -> Any:
        with lax_only():
            return f(*arguments)

    return within


def same(f: Any, *arguments: Any, n_terms: int) -> None:
    """f, whose terms are products of its arguments, gives the same in the block, where its program is of lax alone."""
    names = primitives(in_block(f), *arguments)
    assert names <= OF_JAX, names - OF_JAX
    expected, size, got = f(*arguments), f(*jax.tree.map(abs, arguments)), run_once(in_block(f), *arguments)
    for g, e, s in zip(*map(jax.tree.leaves, (got, expected, size)), strict=True):
        assert_within_rounding(g, e, s, n_terms)
    assert any(name.startswith("jtconv") for name in primitives(f, *arguments))  # they were left out, not never there


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_random_layers_by_every_method(ndim):
    @settings(max_examples=share(0.04))
    @given(cases(ndim))
    def check(case):
        arguments = {**case.geometry, "output_size": case.input_size}

        def everything(x, kernel, y):
            by_method = {m: conv_transpose(y, kernel, method=m, **arguments) for m in METHODS}
            return by_method, conv(x, kernel, **case.geometry)

        operands = case.x, case.kernel, case.y
        assert primitives(in_block(everything), *operands) <= OF_JAX
        by_method, cx = run_once(in_block(everything), *operands)
        n = terms(case.kernel, case.geometry["groups"])
        expected = loop_conv_transpose(case.y, case.kernel, case.input_size, **case.geometry)
        for result in by_method.values():
            assert_within_rounding(result, expected, magnitude_of_terms(case), n)
        c = partial(conv, **case.geometry)
        assert_within_rounding(cx, c(case.x, case.kernel), c(abs(case.x), abs(case.kernel)), n)

    check()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex64", "complex128"])
@pytest.mark.parametrize("mode", PADDING_MODES)
def test_dtypes_and_padding_modes(mode, dtype):
    geometry = {**GEOMETRY, "padding_mode": mode}
    case = make_case((8, 5), (3, 2, 2, 12), dtype=jnp.dtype(dtype), **geometry)

    def everything(x, kernel, y, methods=tuple(METHODS)):
        up = partial(conv_transpose, y, kernel, output_size=(8, 5), **geometry)
        return conv(x, kernel, **geometry), *(up(method=method) for method in methods)

    wide: list[Any] = [np.asarray(a, np.complex128 if dtype.startswith("complex") else np.float64) for a in case[:3]]
    exact, size = everything(*wide, methods=("auto",)), everything(*map(abs, wide), methods=("auto",))
    n, eps = terms(case.kernel, 3) * 9, float(jnp.finfo(dtype).eps)  # copies in the padding are added too
    for i, got in enumerate(run_once(in_block(everything), *case[:3])):
        assert got.dtype == case.y.dtype
        assert_within_rounding(got, exact[min(i, 1)], size[min(i, 1)], n, eps)


def loss(f, a, b):
    return jnp.sum(f(a, b) ** 2)


@pytest.mark.parametrize("method", [None, *METHODS])
def test_derivatives_of_any_order_and_vmap(method):
    """Of C (no method) and of Cᵀ. The second derivatives are sums of products of sums."""
    case = make_case((8, 5), (3, 2, 2, 12), **GEOMETRY)
    f = partial(conv, **GEOMETRY)
    image = case.x
    if method is not None:
        f, image = partial(conv_transpose, output_size=(8, 5), method=method, **GEOMETRY), case.y
    n = 2 * 8 * 5 * 12
    same(f, image, case.kernel, n_terms=n)
    same(jax.grad(partial(loss, f), (0, 1)), image, case.kernel, n_terms=n**2)
    same(lambda a, b: jax.jvp(f, (a, b), (a, b)), image, case.kernel, n_terms=n)
    second = jax.grad(lambda a, b: sum(jnp.sum(g**2) for g in jax.grad(partial(loss, f), (0, 1))(a, b)), (0, 1))
    same(second, image, case.kernel, n_terms=n**3)
    images, kernels = np.stack([image, image[::-1]]), np.stack([case.kernel, case.kernel[::-1], -case.kernel])
    same(jax.vmap(f, (0, None)), images, case.kernel, n_terms=n)
    same(jax.vmap(f, (None, 1)), image, kernels.swapaxes(0, 1), n_terms=n)
    same(jax.vmap(jax.vmap(f, (None, 0)), (0, None)), images, kernels, n_terms=n)


CASE = make_case((9, 8), (3, 2, 2, 5), strides=(2, 3))
UP = partial(conv_transpose, strides=(2, 3), output_size=(9, 8))


def test_a_jitted_function_is_traced_once_in_the_block_and_once_beside_it():
    traces = []

    @jax.jit
    def f(y, kernel):
        traces.append(len(traces))
        return UP(y, kernel)

    operands = CASE.y, CASE.kernel
    outside = f(*operands)
    for _ in range(2):
        within = in_block(f)(*operands)
        np.testing.assert_array_equal(f(*operands), outside)
        assert_within_rounding(within, outside, UP(abs(CASE.y), abs(CASE.kernel)), terms(CASE.kernel, 1))
    assert len(traces) == 2
    assert "jtconv_transposed" in primitives(f, *operands)
    assert primitives(in_block(f), *operands) <= OF_JAX


def test_the_block_holds_for_its_thread():
    found, entered, looked = {}, threading.Event(), threading.Event()

    def inside():
        with lax_only():
            entered.set()
            looked.wait(30)
            found["inside"] = primitives(UP, CASE.y, CASE.kernel)

    thread = threading.Thread(target=inside)
    thread.start()
    assert entered.wait(30)
    found["beside"] = primitives(UP, CASE.y, CASE.kernel)
    looked.set()
    thread.join()
    assert "jtconv_transposed" in found["beside"]
    assert found["inside"] <= OF_JAX


def test_blocks_nest_end_with_an_error_and_decorate():
    def is_active():
        return "jtconv_transposed" not in primitives(UP, CASE.y, CASE.kernel)

    with lax_only():
        with lax_only():
            assert is_active()
        assert is_active()
    assert not is_active()
    with pytest.raises(ZeroDivisionError), lax_only():
        raise ZeroDivisionError
    assert not is_active()
    assert lax_only()(is_active)()
    assert not is_active()


def test_wrong_arguments_are_the_same_errors():
    with lax_only(), pytest.raises(ValueError, match="`strides` must be"):
        conv_transpose(CASE.y, CASE.kernel, strides=0)


def steps(y, kernel):
    """Loops, branches, rematerialisation and a derivative that is given, around one layer."""

    @jax.custom_vjp
    def given(y):
        return UP(y, kernel)

    given.defvjp(lambda y: (given(y), None), lambda _, ct: (conv(ct, kernel, strides=(2, 3)),))
    total, _ = lax.scan(lambda carry, y: (carry + UP(y, kernel), None), jnp.zeros(CASE.x.shape[1:]), y)
    _, last = lax.while_loop(lambda c: c[0] < 1, lambda c: (c[0] + 1, UP(y[0], kernel)), (0, total))
    either = lax.cond(y[0, 0, 0, 0] > 0, lambda y: UP(y, kernel), lambda y: -UP(-y, kernel), y[0])
    return total + last + either + jax.checkpoint(UP)(y[1], kernel) + given(y[1])


def test_control_flow_that_was_traced_before():
    same(steps, CASE.y, CASE.kernel, n_terms=6 * terms(CASE.kernel, 1))


class Net(linen.Module):
    @linen.compact
    def __call__(self, x):
        return LinenConvTranspose(3, (4, 2), strides=2, padding=((1, 1), (0, 0)))(x)


def test_layers_of_flax():
    layers = nnx.Sequential(
        Conv(5, 4, (3, 3), padding=1, use_bias=False, param_dtype=np.float64, rngs=nnx.Rngs(0)),
        ConvTranspose(4, 2, (4, 3), strides=(2, 3), use_bias=False, param_dtype=np.float64, rngs=nnx.Rngs(1)),
    )
    n = 9 * 5 + 12 * 4
    graph, state = nnx.split(layers)
    same(lambda state, y: nnx.merge(graph, state)(y), state, CASE.y, n_terms=n**2)
    assert primitives(in_block(nnx.jit(lambda layers, y: layers(y))), layers, CASE.y) <= OF_JAX
    variables = jax.tree.map(lambda v: v.astype(np.float64), Net().init(jax.random.key(0), CASE.y))
    same(Net().apply, variables, CASE.y, n_terms=n)


def test_the_operator():
    n = terms(CASE.kernel, 1)
    for transposed in (False, True):
        images = CASE.y if transposed else CASE.x
        rows = images.reshape(len(images), -1)

        def product(kernel, rows, transposed=transposed):
            operator = ConvOperator(kernel, (9, 8), strides=(2, 3))
            return (operator.T if transposed else operator) @ rows.T

        same(product, CASE.kernel, rows, n_terms=n)
    operator = ConvOperator(CASE.kernel, (9, 8), strides=(2, 3))
    np.testing.assert_allclose(in_block(ConvOperator.norm)(operator), operator.norm(), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_tiles_are_one_image_and_have_derivatives(dtype):
    """A loop over tiles of bfloat16 holds their bits, and would have no derivative."""
    case = make_case((40, 8), (3, 2, 2, 5), dtype=jnp.dtype(dtype), strides=(2, 3))
    tiled = {
        "x": partial(spatial.tiled_conv, memory=20_000, strides=(2, 3)),
        "y": partial(spatial.tiled_conv_transpose, memory=20_000, strides=(2, 3), output_size=(40, 8)),
    }
    eps, n = float(jnp.finfo(dtype).eps), 40 * 8 * 10 if dtype == "float64" else 10  # bfloat16 sums are wide
    for name, f in tiled.items():
        operands = getattr(case, name), case.kernel
        exact = [np.asarray(a, np.float64) for a in operands]
        assert "jtconv_tiled" in str(jax.make_jaxpr(f)(*operands))
        for g in (f, jax.grad(partial(loss, f), (0, 1))):
            names = primitives(in_block(g), *operands)
            assert names <= OF_JAX
            assert not names & {"scan", "while"}
            expected, size = g(*exact), g(*map(abs, exact))
            for got, e, s in zip(*map(jax.tree.leaves, (in_block(g)(*operands), expected, size)), strict=True):
                assert_within_rounding(got, e, s, n, eps)


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_on_a_mesh(kind):
    """Types on meshes; tests/test_sharded.py has more than one device."""
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(kind,))
    with jax.set_mesh(mesh):
        split = partial(spatial.conv_transpose, mesh=mesh, split=("rows", None), strides=(2, 3), output_size=(9, 8))
        same(split, CASE.y, CASE.kernel, n_terms=terms(CASE.kernel, 1))
        placed = jax.device_put(CASE.y, jax.NamedSharding(mesh, PartitionSpec("rows")))
        for f in (UP, jax.grad(partial(loss, UP), (0, 1))):
            within = in_block(jax.jit(f))(placed, jnp.asarray(CASE.kernel))
            for got, expected in zip(jax.tree.leaves(within), jax.tree.leaves(f(CASE.y, CASE.kernel)), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
            assert jax.tree.leaves(within)[0].sharding.spec[:1] == ("rows",)


def test_a_batch_left_open_in_an_export():
    (batch,) = jax.export.symbolic_shape("b")
    shape = jax.ShapeDtypeStruct((batch, *CASE.y.shape[1:]), np.float64)
    kernel = jnp.asarray(CASE.kernel)
    with lax_only():
        exported = jax.export.export(jax.jit(UP))(shape, jax.typeof(kernel))
    got, size = exported.call(CASE.y, kernel), UP(abs(CASE.y), abs(CASE.kernel))
    assert_within_rounding(got, UP(CASE.y, kernel), size, terms(CASE.kernel, 1))


# Interpreters of jaxprs that know JAX's own primitives alone.


@pytest.mark.parametrize("method", [None, *METHODS])
def test_jet(method):
    """The Taylor coefficients of t -> f((y + t dy + …)²): what jet makes of the square goes through a linear map."""
    f = partial(conv, strides=(2, 3)) if method is None else partial(UP, method=method)
    image = CASE.x if method is None else CASE.y
    series = [image[::-1], 0.5 * image]

    def composed(image):
        return f(image**2, CASE.kernel)

    value, terms_ = in_block(partial(jet.jet, composed))((image,), (series,))
    a, b = series
    magnitude = f(10 * abs(image) ** 2 + 10 * a**2 + 10 * abs(image * b), abs(CASE.kernel))
    for got, inner in ((value, image**2), (terms_[0], 2 * image * a), (terms_[1], 2 * a**2 + 2 * image * b)):
        assert_within_rounding(got, f(inner, CASE.kernel), magnitude, 4 * terms(CASE.kernel, 1))


def test_checkify_finds_a_nan_that_a_layer_makes():
    y = CASE.y.copy()
    y[0, 1, 1, :2] = np.inf, -np.inf
    kernel = abs(CASE.kernel)
    with lax_only():
        error, _ = checkify.checkify(UP, errors=checkify.float_checks)(y, kernel)
        fine, _ = checkify.checkify(UP, errors=checkify.float_checks)(CASE.y, kernel)
    assert "nan generated by primitive" in str(error.get())
    assert fine.get() is None


def test_the_layers_of_the_proof_are_of_lax_alone():
    for layer in LAYERS:
        case = make_case(layer.input_size, layer.kernel_shape, **layer.geometry)
        arguments = {**layer.geometry, "output_size": case.input_size}
        for method in METHODS:
            f = partial(conv_transpose, method=method, **arguments)
            assert primitives(in_block(f), case.y, case.kernel) <= OF_JAX, (layer.name, method)
