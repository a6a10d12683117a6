"""The compiled part of jtconv: see jtconv/_compute/cpu. All else stands in pyproject.toml."""

import platform
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("jtconv/_compute/cpu")
# Free-threaded Pythons have no limited API to build for.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")


def library(jaxlib: Path) -> Extension:
    """The kernels, to be compiled with the headers in jaxlib's folder."""
    return Extension(
        "jtconv._compute.cpu.library",
        sources=sorted(map(str, FOLDER.glob("*.cc"))),
        depends=sorted(map(str, FOLDER.glob("*.h"))),
        include_dirs=[str(jaxlib / "include")],
        language="c++",
        # Contraction into fused multiply-add is what the processors' rate is counted in.
        extra_compile_args=["-std=c++17", "-O3", "-g0", "-ffp-contract=fast", "-Wno-psabi"],
        py_limited_api=LIMITED,  # it uses nothing of Python: one build serves every version
        optional=True,  # without a compiler all is computed by XLA
    )


spec = find_spec("jaxlib")  # for XLA's headers; it need not be imported
builds = spec is not None and spec.origin is not None and platform.system() != "Windows"
setup(
    ext_modules=[library(Path(spec.origin).parent)] if builds else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if builds and LIMITED else {},
)
