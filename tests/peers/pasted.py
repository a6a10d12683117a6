"""What `explain` prints for a framework, pasted: the call evaluated, given our kernel, and run.

Each function takes the text, the peer's own array of the kernel, y and the bias, channels last and
in NumPy, and returns x. Channels-first frameworks have their y turned around here.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import keras
import numpy as np
import onnx
import onnxruntime
import torch
from comparison import channels_first, channels_last
from flax import linen, nnx
from jax import lax
from oracles import run_once

import jtconv
import jtconv.nn

Run = Callable[[str, np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]


def run_torch(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    layer = evaluated(text, torch=torch).double()
    state = {"weight": torch.from_numpy(kernel.copy())}
    if bias is not None:
        state["bias"] = torch.from_numpy(bias)
    layer.load_state_dict(state)  # strict: the shapes and the presence of a bias must be right
    with torch.no_grad():
        return channels_last(layer(torch.from_numpy(channels_first(y))).numpy())


def run_keras(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    # The policy rather than `floatx`: Keras keeps the policy that it first makes of it, for good.
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        layer = evaluated(text, keras=keras)
        layer.build(y.shape)
        layer.set_weights([kernel] if bias is None else [kernel, bias])
        return np.asarray(layer(y))
    finally:
        keras.config.set_dtype_policy(before)


def run_nnx(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    # Initial values are not drawn: that would take most of the time.
    layer = nnx.eval_shape(lambda: evaluated(text, nnx=nnx, jtconv=jtconv, rngs=nnx.Rngs(0)))
    assert layer.kernel.shape == kernel.shape
    assert (layer.bias is None) == (bias is None)
    layer.kernel = nnx.Param(jnp.asarray(kernel))
    if bias is not None:
        layer.bias = nnx.Param(jnp.asarray(bias))
    return np.asarray(run_once(layer, y))


def run_linen(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    parameters = {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}
    return np.asarray(run_once(evaluated(text, nn=linen).apply, {"params": parameters}, y))


def run_lax(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    return np.asarray(run_once(lambda y, kernel: evaluated(text, lax=lax, y=y, kernel=kernel, bias=bias), y, kernel))


def run_tf(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """TensorFlow itself is not installed: its functions are the transposes of its convolutions."""
    names = {"tf": _TensorFlow, "bias": bias, "batch": len(y)}
    return np.asarray(run_once(lambda y, kernel: evaluated(text, y=y, kernel=kernel, **names), y, kernel))


def run_onnx(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    node = evaluated(text, onnx=onnx)
    inputs = {"X": channels_first(y), "W": kernel, "B": bias}
    given = {name: np.ascontiguousarray(inputs[name], np.float32) for name in node.input}
    assert (bias is None) == ("B" not in given)
    info = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, a.shape) for n, a in given.items()]
    out = onnx.helper.make_tensor_value_info("Y", onnx.TensorProto.FLOAT, ["?"] * y.ndim)
    graph = onnx.helper.make_graph([node], "layer", info, [out])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return channels_last(session.run(None, given)[0]).astype(np.float64)


def run_equinox(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    layer = eqx.filter_eval_shape(lambda: evaluated(text, eqx=eqx, key=jax.random.PRNGKey(0)))
    assert layer.weight.shape == kernel.shape
    assert (layer.bias is None) == (bias is None)
    layer = eqx.tree_at(lambda tree: tree.weight, layer, jnp.asarray(kernel))
    if bias is not None:
        layer = eqx.tree_at(lambda tree: tree.bias, layer, jnp.asarray(bias).reshape(layer.bias.shape))
    return channels_last(run_once(jax.vmap(layer), channels_first(y)))


def run_haiku(text: str, kernel: np.ndarray, y: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    transformed = hk.without_apply_rng(hk.transform(lambda y: evaluated(text, hk=hk)(y)))
    (name,) = jax.eval_shape(transformed.init, jax.random.PRNGKey(0), y)
    parameters = {name: {"w": kernel} if bias is None else {"w": kernel, "b": bias}}
    return np.asarray(run_once(transformed.apply, parameters, y))


PEERS: dict[str, Run] = {
    "jtconv": run_nnx,
    "torch": run_torch,
    "keras": run_keras,
    "tf": run_tf,
    "nnx": run_nnx,
    "linen": run_linen,
    "lax": run_lax,
    "onnx": run_onnx,
    "equinox": run_equinox,
    "haiku": run_haiku,
}


def evaluated(text: str, **names: Any) -> Any:
    """The text's value, with nothing but these names."""
    return eval(text, {"__builtins__": {}, **names})


def _tf_conv_transpose(ndim: int) -> Callable[..., jax.Array]:
    axes = "DHW"[3 - ndim :]
    numbers = (f"N{axes}C", f"{axes}IO", f"N{axes}C")

    def conv_transpose(input, filters, output_shape, strides, padding="SAME", *, dilations=1):
        def each(value):
            return (value,) * ndim if isinstance(value, int) else value

        pads = padding if isinstance(padding, str) else padding[1:-1]

        def conv(x):
            return lax.conv_general_dilated(
                x, filters, each(strides), pads, rhs_dilation=each(dilations), dimension_numbers=numbers
            )

        x = jax.ShapeDtypeStruct(output_shape, input.dtype)
        assert jax.eval_shape(conv, x).shape == input.shape  # TensorFlow's own check
        return jax.linear_transpose(conv, x)(input)[0]

    return conv_transpose


class _TensorFlow:
    class nn:
        conv1d_transpose = staticmethod(_tf_conv_transpose(1))
        conv2d_transpose = staticmethod(_tf_conv_transpose(2))
        conv3d_transpose = staticmethod(_tf_conv_transpose(3))
