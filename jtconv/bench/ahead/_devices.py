"""The devices that programs can be compiled for, by name: the makers' published figures, or a topology's name."""

import importlib.metadata
import os
from dataclasses import dataclass

import jax

KIB, MIB = 2**10, 2**20
DRIVER, CUDNN = "13.0.0", (9, 10, 0)  # of the jax-cuda13-pjrt package's own time


@dataclass(frozen=True)
class Nvidia:
    """An NVIDIA device. Figures are from its data sheet and from the table of compute capabilities in CUDA's guide.

    Attributes:
      title: the device's name, as the driver gives it.
      capability: the compute capability; an "a" behind it adds what only this architecture has.
      cores: streaming multiprocessors.
      lanes: float32 units of each.
      memory_gb, memory_gbytes_per_s, clock_ghz, l2_mib: as the data sheet gives them.
      shared_kib: shared memory of a multiprocessor; a block may have one KiB less.
      threads: resident threads of a multiprocessor.
    """

    title: str
    capability: str
    cores: int
    lanes: int
    memory_gb: int
    memory_gbytes_per_s: float
    clock_ghz: float
    l2_mib: int
    shared_kib: int
    threads: int
    platform = "cuda"


@dataclass(frozen=True)
class Tpu:
    """A TPU: the smallest topology that libtpu knows by name, of which one chip is compiled for."""

    title: str
    topology: str
    platform = "tpu"


Device = Nvidia | Tpu

DEVICES: dict[str, Device] = {
    "h100": Nvidia("NVIDIA H100 80GB HBM3", "9.0a", 132, 128, 80, 3350, 1.98, 50, 228, 2048),
    "h200": Nvidia("NVIDIA H200", "9.0a", 132, 128, 141, 4800, 1.98, 50, 228, 2048),
    "a100": Nvidia("NVIDIA A100-SXM4-80GB", "8.0", 108, 64, 80, 2039, 1.41, 40, 164, 2048),
    "b200": Nvidia("NVIDIA B200", "10.0a", 148, 128, 180, 7700, 1.965, 126, 228, 2048),
    "l4": Nvidia("NVIDIA L4", "8.9", 58, 128, 24, 300, 2.04, 48, 100, 1536),
    "rtx4090": Nvidia("NVIDIA GeForce RTX 4090", "8.9", 128, 128, 24, 1008, 2.52, 72, 100, 1536),
    "v4": Tpu("TPU v4", "v4:2x2x1"),
    "v5e": Tpu("TPU v5e", "v5e:2x2"),
    "v5p": Tpu("TPU v5p", "v5p:2x2x1"),
    "v6e": Tpu("TPU v6e", "v6e:2x2"),
    "tpu7x": Tpu("TPU7x", "tpu7x:2x2x1"),
}

# Settings that libtpu would otherwise ask the machine for; the type of accelerator is not the one compiled for.
TPU_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}
DUMP_BUNDLES = "--xla_jf_dump_to={} --xla_jf_dump_llo_text=true --xla_jf_dump_llo_pass_label_regex=^final_bundles$"


def device(name: str) -> Device:
    """Return the device of that name, whose compiler must be installed."""
    if name not in DEVICES:
        raise ValueError(f"--compile-for {name}: no such device. There are: {', '.join(DEVICES)}.")
    found = DEVICES[name]
    if not compiler_version(found):
        package = "libtpu" if found.platform == "tpu" else f"jax-cuda13-pjrt=={jax.__version__}"
        raise ValueError(f"--compile-for {name}: its compiler is not installed: pip install {package}")
    return found


def compiler_version(of: Device) -> str | None:
    """The installed package that compiles for a device, with its version; None if there is none."""
    names = ("libtpu",) if of.platform == "tpu" else ("jax-cuda13-pjrt", "jax-cuda12-pjrt")
    for name in names:
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def environment(of: Device, dump_folder: str) -> dict[str, str]:
    """The settings of a worker's environment, which must be there before it imports JAX."""
    common = {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_COMPILATION_CACHE": "false"}  # what is compiled is timed
    if of.platform != "tpu":
        return common
    flags = f"{os.environ.get('LIBTPU_INIT_ARGS', '')} {DUMP_BUNDLES.format(dump_folder)}"
    return {**common, **TPU_ENVIRONMENT, "LIBTPU_INIT_ARGS": flags.strip()}


def target_config(of: Nvidia) -> str:
    """Describe a device as the text of XLA's `GpuTargetConfigProto`."""
    major, minor = of.capability.rstrip("a").split(".")
    extension = " feature_extension: ACCELERATED_FEATURES" if of.capability.endswith("a") else ""
    cudnn = dict(zip(("major", "minor", "patch"), CUDNN, strict=True))
    info = {
        "threads_per_block_limit": 1024,
        "threads_per_warp": 32,
        "shared_memory_per_block": 48 * KIB,
        "shared_memory_per_block_optin": (of.shared_kib - 1) * KIB,
        "shared_memory_per_core": of.shared_kib * KIB,
        "threads_per_core_limit": of.threads,
        "core_count": of.cores,
        "fpus_per_core": of.lanes,
        "block_dim_limit_x": 2**31 - 1,
        "block_dim_limit_y": 2**16 - 1,
        "block_dim_limit_z": 2**16 - 1,
        "thread_dim_limit_x": 1024,
        "thread_dim_limit_y": 1024,
        "thread_dim_limit_z": 64,
        "registers_per_core_limit": 2**16,
        "registers_per_block_limit": 2**16,
        "memory_bandwidth": int(of.memory_gbytes_per_s * 1e9),
        "device_memory_size": of.memory_gb * 10**9,
        "l2_cache_size": of.l2_mib * MIB,
        "clock_rate_ghz": of.clock_ghz,
        "device_address_bits": 64,
    }
    texts = {
        "name": of.title,
        "device_vendor": "NVIDIA Corporation",
        "platform_version": f"Compute Capability {of.capability}",
        "driver_version": DRIVER,
        "runtime_version": DRIVER,
        "compile_time_toolkit_version": DRIVER,
        "dnn_version": ".".join(map(str, CUDNN)),
    }
    lines = [*(f"{key}: {value}" for key, value in info.items()), *(f'{key}: "{text}"' for key, text in texts.items())]
    capability = f"cuda_compute_capability {{ major: {major} minor: {minor}{extension} }}"
    return "\n".join([
        f"gpu_device_info {{ {' '.join([*lines, capability])} }}",
        'platform_name: "CUDA"',
        f"dnn_version_info {{ {' '.join(f'{key}: {value}' for key, value in cudnn.items())} }}",
        f'device_description_str: "{of.title}"',
    ])  # fmt: skip
