"""Files of parameters: what is saved is loaded; what is damaged or hostile is refused, and nothing is executed."""

import copy
import json
import os
import pickle
import re
import resource
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from jtconv.models import FCN8
from jtconv.weights import _files, load, load_into, save
from jtconv.weights._entries import Entry
from jtconv.weights._formats import FORMATS, Format
from jtconv.weights._whole import whole

SUFFIXES = (".npz", ".safetensors", ".h5")
LIMIT = 100 * 2**20
HERE = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def arrays():
    rng = np.random.default_rng(0)
    return {
        "block1_conv1/kernel": rng.normal(size=(3, 3, 2, 4)).astype(np.float32),
        "block1_conv1/bias": rng.normal(size=4),
        "up1/kernel": np.asfortranarray(rng.normal(size=(4, 3, 2)).astype(np.float16)),
        "up1/empty": np.zeros((0, 3), np.float32),
        "up1/steps": np.array(7),
    }


def assert_same(got, expected):
    assert set(got) == set(expected)
    for name, array in expected.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert_array_equal(got[name], array)


@contextmanager
def little_memory():
    """100 MB more than now are there, on Linux: a larger allocation fails or ends the process."""
    if not sys.platform.startswith("linux"):
        yield
        return
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refused(path, *reasons):
    """`load` raises ValueError with the file's name and all `reasons`, having asked for no memory."""
    with little_memory(), pytest.raises(ValueError, match=re.escape(repr(str(path)))) as caught:
        load(path)
    for reason in reasons:
        assert reason in str(caught.value)
    assert not isinstance(caught.value.__cause__, MemoryError)


# --- saved and loaded ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_saved_is_loaded(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    save(path, arrays())
    assert_same(load(path), arrays())
    assert_same(load(str(path)), arrays())
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o027])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_have_the_permissions_that_the_umask_leaves(tmp_path, suffix, umask):
    path, before = tmp_path / f"a{suffix}", os.umask(umask)
    try:
        save(path, arrays())
        save(path, arrays())  # in place of the first
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path, error):
    (tmp_path / "a").write_text("old")

    def write():
        with whole(tmp_path / "a") as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(error):
        write()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a", "old")]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_names_need_no_layer(tmp_path, suffix):
    save(tmp_path / f"a{suffix}", {"features.0.weight": np.ones((2, 3)), "file": np.zeros(2)})
    assert_same(load(tmp_path / f"a{suffix}"), {"features.0.weight": np.ones((2, 3)), "file": np.zeros(2)})


def test_the_contents_tell_the_kind_not_the_suffix(tmp_path):
    for suffix in SUFFIXES:
        save(tmp_path / f"a{suffix}", arrays())
        os.rename(tmp_path / f"a{suffix}", tmp_path / "a.bin")
        assert_same(load(tmp_path / "a.bin"), arrays())


def test_compressed_files(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **arrays())
    assert_same(load(tmp_path / "a.npz"), arrays())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in arrays().items():
            filters = {"compression": "gzip", "shuffle": True, "fletcher32": True} if array.size > 1 else {}
            file.create_dataset(name, data=array, **filters)
    assert_same(load(tmp_path / "a.h5"), arrays())


def test_a_format_is_one_row_of_the_table(tmp_path, monkeypatch):
    text = Format(
        "NumPy's text",
        lambda _, head: head.startswith(b"# text"),
        lambda path, _: [("a", Entry((2,), np.dtype(float), lambda: np.loadtxt(path)))],
        (".txt",),
        lambda path, arrays: np.savetxt(path, arrays["a"], header="text"),
    )
    monkeypatch.setattr(_files, "FORMATS", (*FORMATS, text))
    save(tmp_path / "a.txt", {"a": np.array([1.0, 2.5])})
    assert_same(load(tmp_path / "a.txt"), {"a": np.array([1.0, 2.5])})
    (tmp_path / "b.txt").write_text("# text\n1.0 two")
    refused(tmp_path / "b.txt", "entry 'a': it is damaged, or not what it seems (ValueError: could not convert string")


def test_bfloat16(tmp_path):
    array = np.arange(6).reshape(2, 3).astype(ml_dtypes.bfloat16)
    save(tmp_path / "a.safetensors", {"a": array})
    assert_same(load(tmp_path / "a.safetensors"), {"a": array})
    for suffix in (".npz", ".h5"):
        with pytest.raises(ValueError, match="has dtype bfloat16.* or save it as .safetensors"):
            save(tmp_path / f"a{suffix}", {"a": array})


def test_names_that_keras_keeps_for_folders(tmp_path):
    entries = {"optimizer": np.ones(2), "model_weights": np.zeros(3)}
    save(tmp_path / "a.h5", entries)
    assert_same(load(tmp_path / "a.h5"), entries)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_byte_orders(tmp_path, suffix):
    save(tmp_path / f"a{suffix}", {"a": np.arange(3, dtype=">f4")})
    assert_same(load(tmp_path / f"a{suffix}"), {"a": np.arange(3, dtype=np.float32)})


def test_a_failed_save_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.h5"
    save(path, {"a": np.ones(2)})
    with pytest.raises((ValueError, TypeError)):
        save(path, {"a": np.ones(2), "a/b": np.ones(2)})  # a is no group
    assert_same(load(path), {"a": np.ones(2)})
    assert os.listdir(tmp_path) == ["a.h5"]


@pytest.mark.parametrize(
    ("name", "entries", "message"),
    [
        ("a.pth", {}, "`path` must end in .npz, .safetensors, .h5, .hdf5, got"),
        ("a.npz", {"": np.ones(2)}, "names that are strings, not empty"),
        ("a.npz", {"a": np.array([None])}, "'a' has dtype object"),
        ("a.h5", {"a": np.array(["b"])}, "'a' has dtype <U1"),
        ("a.npz", {"a\0b": np.ones(2)}, "'a\\x00b' is a name that .npz cannot hold"),
        ("a.h5", {"a\0b": np.ones(2)}, "'a\\x00b' is a name that .h5 cannot hold"),
        ("a.h5", {"/a": np.ones(2)}, "not empty nor '.', got '/a'"),
        ("a.h5", {"a/./b": np.ones(2)}, "not empty nor '.', got 'a/./b'"),
        ("a.h5", {"optimizer/a": np.ones(2)}, "'optimizer/a' starts with 'optimizer'"),
        ("a.h5", {"model_weights/a": np.ones(2)}, "'model_weights/a' starts with 'model_weights'"),
        ("a.h5", {"a/b": np.ones(2), "a": np.ones(2)}, "'a' is an array and the start of another's name"),
        ("a.safetensors", {"__metadata__": np.ones(2)}, "'__metadata__' is a name that .safetensors cannot hold"),
        ("a.safetensors", {"a": np.ones(2, complex)}, "'a' has dtype complex128"),
    ],
)
def test_what_cannot_be_saved(tmp_path, name, entries, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        save(tmp_path / name, entries)
    assert os.listdir(tmp_path) == []


def test_files_and_layers_need_no_flax(tmp_path):
    """`import flax` fails in this process; plain layers come out of every format all the same."""
    program = """
import sys
sys.modules["flax"] = None
import numpy as np
from jtconv.weights import layer_from, layer_to, load, save
for suffix in (".npz", ".safetensors", ".h5"):
    entries = layer_to({"kernel": np.ones((4, 4, 2, 3), np.float32), "bias": np.zeros(2)}, "torch", prefix="up1.")
    save("a" + suffix, entries)
    print(layer_from(load("a" + suffix), "torch", prefix="up1.")["kernel"].shape)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=HERE, capture_output=True, text=True)
    assert done.stdout == "(4, 4, 2, 3)\n" * 3, done.stderr


# --- Keras's layouts -------------------------------------------------------------------------


@pytest.mark.parametrize("top", ["", "model_weights/"])
@pytest.mark.parametrize("spell", ["{0}/{0}_W_1:0", "{0}/{0}/kernel:0", "{0}/kernel"])
def test_classic_keras(tmp_path, top, spell):
    layers = {f"block{i}_conv1": np.full((3, 3, i, 2), i, np.float32) for i in (1, 2)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        root = file.require_group(top or "/")
        root.attrs["layer_names"] = ["input", *layers]
        root.create_group("input").attrs["weight_names"] = []
        for layer, kernel in layers.items():
            name = spell.format(layer)
            root[name] = kernel
            root[layer].attrs["weight_names"] = [name.partition("/")[2]]
        file["optimizer_weights/adam/m"] = np.ones(3)
    assert_same(load(tmp_path / "a.h5"), {spell.format(layer): kernel for layer, kernel in layers.items()})


def test_keras_3(tmp_path):
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        for group, layer in {"conv2d": "block1_conv1", "conv2d_1": "twin", "conv2d_2": "twin"}.items():
            file[f"layers/{group}/vars/0"] = np.ones((3, 3, 1, 2))
            file[f"layers/{group}/vars/1"] = np.ones(2)
            file[f"layers/{group}/vars"].attrs["name"] = layer
        file["optimizer/vars/0"] = np.ones(3)
    assert set(load(tmp_path / "a.weights.h5")) == {
        *("block1_conv1/0", "block1_conv1/1"),
        *(f"layers/conv2d_{i}/vars/{j}" for i in (1, 2) for j in (0, 1)),  # "twin" could be either
    }


def test_saved_h5_lists_layers_and_weights_as_keras_reads_them(tmp_path):
    save(tmp_path / "a.h5", {"conv6/kernel": np.ones(2), "conv6/bias": np.ones(1), "up1/kernel": np.ones(3)})
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(map(str, np.asarray(file.attrs["layer_names"]))) == ["conv6", "up1"]
        assert list(map(str, np.asarray(file["conv6"].attrs["weight_names"]))) == ["kernel", "bias"]


# --- hostile files ---------------------------------------------------------------------------


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    for head in (b"", b"PK", b"<html>not found</html>"):
        path.write_bytes(head)
        refused(path, "it starts with", "which none of torch's .pth, .npz, .safetensors, Keras's .h5 does")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.h5")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


class Executes:
    """Pickled, this is a command that would write a file."""

    def __reduce__(self):
        return os.system, ("touch executed",)


def test_nothing_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", a=np.array([Executes()], dtype=object))
    refused("a.npz", "'a'", "only arrays of numbers are read")
    with zipfile.ZipFile("b.npz", "w") as archive:
        archive.writestr("a.npy", pickle.dumps(Executes()))
    refused("b.npz", "it is damaged")
    assert not Path("executed").exists()


def npy(shape, data=b"", dtype="<f4", version=(1, 0)):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    ("members", "reasons"),
    [
        ({"a.npy": npy((2**40,))}, ["'a'", "(1099511627776,) needs 4,398,046,511,104 bytes, 0 are there"]),
        ({"a.npy": npy((2, 3), bytes(20))}, ["needs 24 bytes, 20 are there"]),
        ({"a.npy": npy((2, 3), bytes(28))}, ["needs 24 bytes, 28 are there"]),
        ({"a.npy": npy((-2, 3), bytes(24))}, ["'a'", "are there"]),
        ({"a.npy": npy((2, 3), bytes(24), version=(3, 0))}, ["it is damaged", "reading array header"]),
        ({"a.npy": npy((2,), bytes(16), dtype="|O")}, ["dtype is object"]),
        ({"a.npy": npy((2,), bytes(16), dtype="<M8[s]")}, ["dtype is datetime64[s]"]),
        ({"a.txt": b"text"}, ["'a.txt'", "it is not a .npy array"]),
        ({"model.weights.h5": b"", "config.json": b""}, ["unzip it and load the model.weights.h5"]),
    ],
)
def test_hostile_npz(tmp_path, members, reasons):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    refused(tmp_path / "a.npz", *reasons)


def test_zip_bombs(tmp_path):
    size = 50 * 2**20
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy((size,), bytes(size), dtype="|u1"))
    refused(tmp_path / "a.npz", "'a'", "52,428,800 bytes of arrays in a file of")
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.npy", npy((2,), bytes(8)))
    refused(tmp_path / "b.npz", "'a.npy'", "compression method is 14")
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy((2,), bytes(8)))
    refused(tmp_path / "c.npz", "'a'", "two of its arrays have this name")


def test_many_names_for_the_same_bytes_are_a_bomb_too(tmp_path):
    member = npy((10 * 2**20,), bytes(10 * 2**20), dtype="|u1")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", member)
        for i in range(99):
            info = copy.copy(archive.filelist[0])
            info.filename = f"a{i}.npy"
            archive.filelist.append(info)
    refused(tmp_path / "a.npz", "it is damaged")  # Python compares the names in both places


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}, b""),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(8)),
        ({"a": {"dtype": "F32", "shape": [2**63, 2], "data_offsets": [0, 0]}}, b""),
        ({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}, bytes(1)),
        ({f"a{i}": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for i in range(2)}, bytes(4)),
    ],
)
def test_hostile_safetensors(tmp_path, header, data):
    text = json.dumps(header).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    refused(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(struct.pack("<Q", 2**40) + text + data)
    refused(tmp_path / "b.safetensors")


NOT_HERE = "it is not an array whose numbers are in this file"
HOSTILE_H5 = {
    "a soft link": (lambda f: f.__setitem__("a", h5py.SoftLink("/b")), "it is a link"),
    "an external link": (lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/other.h5", "/")), "it is a link"),
    "external data": (
        lambda f: f.create_dataset("a", (9,), "|u1", external=[("/etc/hostname", 0, 9)]),
        NOT_HERE,
    ),
    "a virtual array": (lambda f: virtual(f), NOT_HERE),
    "a huge shape, contiguous": (
        lambda f: f.create_dataset("a", (2**40,), "f4"),
        "needs 4,398,046,511,104 bytes, 0 are",
    ),
    "a huge shape, in chunks": (
        lambda f: f.create_dataset("a", (2**40,), "f4", chunks=(1024,), compression="gzip"),
        "needs 4,398,046,511,104 bytes, 0 are",
    ),
    "a deflate bomb": (
        lambda f: f.create_dataset("a", data=np.zeros(50 * 2**20, np.uint8), compression="gzip"),
        "52,428,800 bytes of arrays in a file of",
    ),
    "objects": (lambda f: f.create_dataset("a", data=["b"], dtype=h5py.string_dtype()), "its dtype is object"),
    "a compound": (lambda f: f.create_dataset("a", data=np.zeros(2, [("b", "f4")])), "only arrays of numbers"),
    "no shape": (
        lambda f: f.create_dataset("a", data=h5py.Empty("f4")),
        NOT_HERE,
    ),
    "a named type": (lambda f: f.__setitem__("a", np.dtype("f4")), NOT_HERE),
    "many names for an array": (lambda f: named_often(f), "52,428,800 bytes of arrays in a file of"),
    "a large chunk": (
        lambda f: f.create_dataset("a", data=np.zeros(9), chunks=(2**22,), maxshape=(None,), compression="gzip"),
        "33,554,432 bytes of arrays in a file of",
    ),
    "a filter twice": (lambda f: twice_deflated(f), "only gzip, shuffle, fletcher32, lzf are read, each applied once"),
    "a missing chunk": (
        lambda f: f.create_dataset("a", (8,), "f4", chunks=(4,), compression="lzf").__setitem__(0, 1),
        "float32 of shape (8,) needs 32 bytes, 16 are there",
    ),
    "one name for two": (
        lambda f: (f.__setitem__("a/b", np.ones(2)), f.__setitem__("model_weights/a/b", np.ones(2))),
        "entry 'a/b': two of its arrays have this name",
    ),
    "scaled offsets": (
        lambda f: f.create_dataset("a", data=np.arange(9), chunks=(9,), scaleoffset=0),
        "only gzip, shuffle, fletcher32, lzf are read",
    ),
}


def named_often(file):
    data = file.create_dataset("a", data=np.zeros(2**19, np.uint8), compression="gzip")
    for i in range(99):
        file[f"b{i}"] = data


def twice_deflated(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((9,))
    for _ in range(2):
        properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
    space = h5py.h5s.create_simple((9,))
    data = h5py.h5d.create(file.id, b"a", h5py.h5t.NATIVE_DOUBLE, space, properties)
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, np.zeros(9))


def virtual(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "a", (3,))
    file.create_virtual_dataset("a", layout)


@pytest.mark.parametrize("kind", HOSTILE_H5)
def test_hostile_h5(tmp_path, kind):
    write, reason = HOSTILE_H5[kind]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(file)
    refused(tmp_path / "a.h5", reason)


def test_groups_in_a_circle_are_gone_through_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = file["b/c"] = np.ones(2)
        file["b/d"] = file["b/e/f"] = file["/"]
        file["b/g"] = file["b/c"]
    assert_same(load(tmp_path / "a.h5"), {"a": np.ones(2), "b/c": np.ones(2), "b/g": np.ones(2)})


def test_names_of_layers_are_short(tmp_path):
    for name in ("a" * 2000, ["a", "b"], 3):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["layers/conv2d/vars/0"] = np.ones(2)
            file["layers/conv2d/vars"].attrs["name"] = name
        refused(tmp_path / "a.h5", "its attribute `name` is not one short string")


def test_sizes_in_a_heap_of_strings_that_overflow(tmp_path):
    """The HDF5 library adds them up for ever."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = np.ones(2)
        file["layers/conv2d/vars"].attrs["name"] = "conv2d"
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    for size in (2**58 + 6, 2**64 - 16, 5000, 0):
        content[heap + 24 : heap + 32] = struct.pack("<Q", size)
        path.write_bytes(content)
        refused(path, f"its heap of strings at byte {heap} do not add up")


def test_shapes_are_checked_before_anything_is_read(tmp_path):
    model = nnx.eval_shape(lambda: FCN8(2, width=1, depths=(1, 1, 1), head_ch=2, rngs=nnx.Rngs(0)))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        kernel = file.create_dataset("block1_conv1/kernel", data=np.zeros((3, 3, 3, 9)), chunks=True, fletcher32=True)
        where = kernel.id.get_chunk_info(0).byte_offset
    with open(path, "r+b") as file:
        file.seek(where)
        file.write(b"x")
    with pytest.raises(ValueError, match=f"^{re.escape(repr(str(path)))}: `entries`, by keras's names") as caught:
        load_into(model, path)
    assert "misshapen: 'block1_conv1/kernel' (3, 3, 3, 9)" in str(caught.value)
    refused(path, "'block1_conv1/kernel'", "it is damaged")


# --- damage at random ------------------------------------------------------------------------


def files(folder):
    for suffix in SUFFIXES:
        save(folder / f"a{suffix}", arrays())
        yield suffix, (folder / f"a{suffix}").read_bytes()
    np.savez_compressed(folder / "compressed.npz", **arrays())
    yield "compressed .npz", (folder / "compressed.npz").read_bytes()
    with h5py.File(folder / "compressed.h5", "w") as file:
        file.create_dataset("a", data=arrays()["block1_conv1/kernel"], compression="gzip", fletcher32=True)
    yield "compressed .h5", (folder / "compressed.h5").read_bytes()
    with h5py.File(folder / "a.weights.h5", "w") as file:
        file["layers/conv2d/vars/0"] = arrays()["block1_conv1/kernel"]
        file["layers/conv2d/vars"].attrs["name"] = "block1_conv1"
    yield "Keras 3", (folder / "a.weights.h5").read_bytes()


KINDS = (*SUFFIXES, "compressed .npz", "compressed .h5", "Keras 3")


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    return dict(files(tmp_path_factory.mktemp("valid")))


def load_damaged(path):
    """What `load` gives, or None where it refuses; nothing else may come of it."""
    try:
        with little_memory():
            return load(path)
    except (ValueError, ImportError) as error:
        refusal = error
    # An ImportError where the file now begins as PyTorch's do.
    assert isinstance(refusal, ValueError) or "needs torch" in str(refusal)
    assert repr(str(path)) in str(refusal)
    assert not isinstance(refusal.__cause__, MemoryError)
    return None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=settings().max_examples // 5)
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_files_are_refused(valid, tmp_path_factory, kind, share):
    path = tmp_path_factory.getbasetemp() / "truncated"
    path.write_bytes(valid[kind][: int(len(valid[kind]) * share)])
    assert load_damaged(path) is None


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_flipped_bytes_give_arrays_or_a_refusal(valid, tmp_path_factory, kind, data):
    content = bytearray(valid[kind])
    near_the_start = st.integers(0, min(2000, len(content)) - 1)
    positions = data.draw(st.lists(st.integers(0, len(content) - 1) | near_the_start, min_size=1, max_size=8))
    for position in positions:
        content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(content)
    got = load_damaged(path)
    if got is not None:
        assert all(isinstance(array, np.ndarray) for array in got.values())
        assert sum(array.nbytes for array in got.values()) <= 16 * 2**20 + 20 * len(content)
        if ".npz" in kind:  # its checksums cover the arrays, though not their names
            assert {a.tobytes() for a in got.values()} <= {a.tobytes() for a in arrays().values()}
