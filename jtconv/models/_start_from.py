"""Training in stages: a finer network begins where a coarser one ended."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jtconv.models._fcn import FCN

Path = tuple[Any, ...]
Flat = dict[Path, Any]  # variables

_LAST = ("decoder", "up")  # its size differs between the networks


def start_from(model: FCN, coarser: FCN) -> None:
    """Put the parameters of `coarser` into `model`, a finer network of the same kind.

    Encoder, conv6 and conv7, the score layer and the steps of the decoder that both have are
    copied, with statistics of normalisations, in the dtypes of `model`. Parameters that only the
    finer one has: 1×1 convolutions of its further pools become zero, unless a ReLU follows them,
    which would keep them there; the last transposed convolution stays as it is, since its size differs.

    Of `paper` networks, the finer one then interpolates the coarser one's scores twice instead of
    once. Away from the picture's border this is the same wherever these change linearly from
    pixel to pixel, and for any scores at the pixels that are, on both axes, at least a quarter of
    the coarser factor away from where the coarse pixels are centred. On an axis, at most an eighth
    of a coarse second difference is between them. Learned kernels of the coarser one's last
    transposed convolution are not carried over.

    Raises TypeError for networks that are not of this family; ValueError for one that holds shapes
    only, for a `model` without more skips than `coarser`, and one ValueError with all parameters
    that do not fit. Then nothing is copied.

    >>> from jtconv.models import FCN16, FCN32
    >>> coarser = FCN32.paper(3, width=1, depths=(1, 1), head_ch=1, rngs=nnx.Rngs(0))
    >>> model = FCN16.paper(3, width=1, depths=(1, 1), head_ch=1, rngs=nnx.Rngs(1))
    >>> start_from(model, coarser)
    >>> bool((model.conv7.conv.kernel == coarser.conv7.conv.kernel).all())
    True
    """
    _check_order(model, coarser)
    target, source = _flat("model", model), _flat("coarser", coarser)
    shared = [path for path in target if not _is_new(path, coarser)]
    problems = list(_misfits(target, source, shared))
    if problems:
        count = "1 parameter" if len(problems) == 1 else f"{len(problems)} parameters"
        raise ValueError(
            f"`coarser`, a {type(coarser).__name__}, does not fit {type(model).__name__} in {count}:\n  "
            + "\n  ".join(sorted(problems))
        )
    # Copies: a step of training may donate either network's arrays.
    new = {path: jnp.array(source[path].get_value(), target[path].dtype) for path in shared}
    # New 1×1 convolutions that can learn from zero: those without a ReLU.
    skips = [path for path in target if _is_new(path, coarser) and path[3:5] == ("skip", "conv")]
    zeros = [path for path in skips if not model.decoder.steps[path[2]].skip.relu]
    new |= {path: jnp.zeros_like(target[path].get_value()) for path in zeros}
    nnx.update(model, nnx.from_flat_state([(path, target[path].replace(value)) for path, value in new.items()]))


def _check_order(model: FCN, coarser: FCN) -> None:
    for name, network in (("model", model), ("coarser", coarser)):
        if not isinstance(network, FCN):
            raise TypeError(f"`{name}` must be an FCN of jtconv.models, got {type(network).__name__}.")
    if model.num_skips <= coarser.num_skips:
        raise ValueError(
            f"`model` must take more skips than `coarser`, got {type(model).__name__} with {model.num_skips} "
            f"and {type(coarser).__name__} with {coarser.num_skips}."
        )


def _flat(name: str, model: FCN) -> Flat:
    """Parameters and statistics."""
    flat = dict(nnx.to_flat_state(nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))))
    if any(isinstance(variable.get_value(), jax.ShapeDtypeStruct) for variable in flat.values()):
        raise ValueError(f"`{name}` must hold arrays, got one with shapes only.")
    return flat


def _is_new(path: Path, coarser: FCN) -> bool:
    """Whether `coarser` has no variable to copy this one from."""
    if path[:2] == ("decoder", "steps"):
        return path[2] >= coarser.num_skips
    return path[:2] == _LAST


def _misfits(target: Flat, source: Flat, shared: list[Path]) -> Iterator[str]:
    for path in shared:
        if path not in source:
            yield f"missing: {_name(path)} {target[path].shape}"
        elif source[path].shape != target[path].shape:
            yield f"misshapen: {_name(path)} {source[path].shape}, expected {target[path].shape}"
    for path in source.keys() - set(shared):
        if path[:2] != _LAST:
            yield f"unexpected: {_name(path)} {source[path].shape}"


def _name(path: Path) -> str:
    return repr(".".join(map(str, path)))
