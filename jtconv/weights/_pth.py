"""torch's .pth and .pt: a pickle, read by torch's restricted reader, which executes nothing."""

import mmap
import pickle
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from jtconv.weights._entry import Entry
from jtconv.weights._numpy import tensor_array
from jtconv.weights._refusal import Refusal, needs


def entries(path: str, stack: ExitStack, *, zipped: bool) -> dict[str, Entry]:
    """The tensors of a state dict by name. Those of a zip are not read, those of older files are."""
    torch = needs("torch", path, extra=None)
    records = _record_sizes(path) if zipped else None
    state = _state(path, path if zipped else _mapped(path, stack), torch, mmap=zipped)
    if not isinstance(state, dict):
        raise Refusal(path, f"it holds a {type(state).__name__}; save `model.state_dict()`")
    found = {_name(path, name): _entry(path, name, tensor, torch) for name, tensor in state.items()}
    # The pickle says how large each tensor's record is; torch takes that many bytes, of whatever follows.
    if records is not None and not _storage_sizes(state.values()) <= records:
        raise Refusal(path, "its tensors' sizes are not those of its records")
    return found


def _state(path: str, source: Any, torch: Any, **options: Any) -> Any:
    try:
        return torch.load(source, map_location="cpu", weights_only=True, **options)
    except pickle.UnpicklingError:  # its text has names from the file, and advises to execute what is there
        raise Refusal(path, "it holds objects other than tensors; save `model.state_dict()`") from None


def _record_sizes(path: str) -> Counter[int]:
    """The sizes of the zip's records of numbers, which torch does not hold against their checksums."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        if damaged is not None:
            raise Refusal(path, "its checksum does not fit", damaged)
        return Counter(info.file_size for info in archive.infolist() if "/data/" in info.filename)


def _storage_sizes(tensors: Iterable[Any]) -> Counter[int]:
    """Those of the tensors' memory, each once, whatever tensors share it."""
    storages = (tensor.untyped_storage() for tensor in tensors)
    return Counter({s.data_ptr(): s.nbytes() for s in storages if s.nbytes()}.values())


def _mapped(path: str, stack: ExitStack) -> mmap.mmap:
    """The file, as one whose reads never ask for more than is there, whatever a damaged length says."""
    with open(path, "rb") as file:
        return stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _name(path: str, name: Any) -> str:
    if not isinstance(name, str):
        raise Refusal(path, f"the names of a state dict are strings, one is {name!r:.99}")
    return name


def _entry(path: str, name: Any, tensor: Any, torch: Any) -> Entry:
    if not isinstance(tensor, torch.Tensor):
        kind = type(tensor).__name__
        raise Refusal(path, f"it is a {kind}, not a tensor; save `model.state_dict()` by itself", str(name))
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise Refusal(path, "it is sparse, quantised or without data", str(name))
    dtype = np.dtype(str(tensor.dtype).removeprefix("torch."))
    return Entry(tuple(tensor.shape), dtype, partial(tensor_array, tensor.detach(), torch))
