"""Imports among the experiments run one way: shared files, then the training tool, then the experiments."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "experiments").rglob("*.py"))
BUILT_UPON = {"checkerboards": "upsampling", "inside": "fcn8"}  # an experiment, and the one that it takes layers of


def name_of(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(file):
    """The modules of experiments/ that the file imports."""
    known, found = set(map(name_of, FILES)), set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("experiments"):
            # `from experiments.fcn import pictures` is of the module, not of the package.
            inner = {f"{node.module}.{x.name}" for x in node.names} & known
            found |= inner or {node.module}
    return found


def folder(module):
    """The experiment that a module belongs to; nothing for shared files."""
    parts = module.split(".")
    return parts[1] if (ROOT / "experiments" / parts[1]).is_dir() else ""


def test_imports_run_one_way():
    for file in FILES:
        if name_of(file) != "experiments":
            own = folder(name_of(file))
            allowed = {"", own} | ({"fcn", BUILT_UPON.get(own)} if own not in ("", "fcn") else set())
            assert set(map(folder, imported(file))) <= allowed, file


def test_no_module_imports_itself_by_way_of_others():
    TopologicalSorter({name_of(file): imported(file) for file in FILES}).prepare()
