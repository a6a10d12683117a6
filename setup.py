"""The compiled part of jtconv: see jtconv/_native. All else stands in pyproject.toml."""

import platform
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("jtconv/_native")


def headers() -> str:
    """The folder of XLA's headers, without importing jaxlib."""
    spec = find_spec("jaxlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("jaxlib is needed to build jtconv: see build-system in pyproject.toml")
    return str(Path(spec.origin).parent / "include")


library = Extension(
    "jtconv._native.library",
    sources=sorted(map(str, FOLDER.glob("*.cc"))),
    depends=sorted(map(str, FOLDER.glob("*.h"))),
    include_dirs=[headers()],
    language="c++",
    # Contraction into fused multiply-add is what the processors' rate is counted in.
    extra_compile_args=["-std=c++17", "-O3", "-g0", "-ffp-contract=fast", "-Wno-psabi"],
    py_limited_api=True,  # it uses nothing of Python: one build serves every version
    optional=True,  # without a compiler all is computed by XLA
)

setup(
    ext_modules=[] if platform.system() == "Windows" else [library],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
