"""The Python in the README and the documentation runs, and the project's facts agree everywhere."""

import ast
import doctest
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
from fcn_helpers import quick_float32

import jtconv
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._version import __version__

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python_blocks(page: Path) -> list[tuple[int, str]]:
    """(line number, source) of every ```python block."""
    text = page.read_text(encoding="utf-8")
    blocks = re.finditer(r"^```python[^\n]*\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [(text[: b.start(1)].count("\n"), b[1]) for b in blocks]


def run(page: Path) -> int:
    """Run the blocks of one page in order, in one namespace; `>>>` blocks as doctests."""
    names = {"__name__": "__main__"}
    blocks = python_blocks(page)
    for line, source in blocks:
        if ">>>" in source:
            test = doctest.DocTestParser().get_doctest(source, names, page.name, str(page), line)
            doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(
                test, clear_globs=False
            )
            names.update(test.globs)
        else:
            exec(compile("\n" * line + source, str(page), "exec"), names)
    return len(blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_of_page_runs(page):
    with quick_float32():
        run(page)


def test_python_blocks_are_found_and_failures_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n```python\na = 1\n```\n```python\n>>> a + 1\n2\n```\n")
    assert run(page) == 2
    for wrong in ("assert 1 == 2", ">>> 1 + 1\n3"):
        page.write_text(f"```python\n{wrong}\n```\n")
        with pytest.raises((AssertionError, doctest.DocTestFailure)):
            run(page)
    assert sum(len(python_blocks(page)) for page in PAGES) >= 5


COMMANDS = ("cli", "bench")  # which document themselves: --help


def public_modules() -> list[str]:
    """jtconv and every module in it that is to be imported by users."""
    modules = pkgutil.walk_packages(jtconv.__path__, "jtconv.")
    hidden = re.compile(rf"\._|^jtconv\.({'|'.join(COMMANDS)})\b|\.__main__$")
    return ["jtconv", *(module.name for module in modules if not hidden.search(module.name))]


def public_names(module: str) -> list[str]:
    """Names that a module re-exports, as `name as name`, and functions and classes that it defines."""
    loaded = pkgutil.resolve_name(module)
    tree = ast.parse(inspect.getsource(loaded))
    imports = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    names = [alias.name for alias in imports if alias.name == alias.asname]
    names += [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [f"{module}.{name}" for name in names if not name.startswith("_")]


def test_every_public_name_is_in_the_reference():
    reference = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    documented = re.findall(r"^::: (.+)$", reference, re.MULTILINE)
    public = {name: pkgutil.resolve_name(name) for module in public_modules() for name in public_names(module)}
    assert {"jtconv.conv", "jtconv.compat.torch.conv_transpose2d", "jtconv.linen.bilinear"} <= set(public)
    described = [id(public[name]) for name in documented if name in public]  # under another name will do: linen's
    missing = [name for name in public if id(public[name]) not in described]
    assert not missing, f"add to docs/reference.md: {', '.join(missing)}"
    assert set(documented) <= set(public), f"not public: {set(documented) - set(public)}"
    assert len(set(documented)) == len(documented)


def test_version_agrees_in_every_file():
    changelog = re.search(r"^## \[(.+?)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    citation = (ROOT / "CITATION.cff").read_text()
    assert changelog
    assert changelog[1] == __version__
    assert f"\nversion: {changelog[1]}\n" in citation
    assert f"\ndate-released: {changelog[2]}\n" in citation


def test_oldest_python_and_jax_agree_in_every_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    python = project["requires-python"].removeprefix(">=")
    jax_version = next(d for d in project["dependencies"] if d.startswith("jax")).partition(">=")[2]
    readme = (ROOT / "README.md").read_text()
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert f"Python {python} or newer" in readme
    assert f"JAX {jax_version} or newer" in readme
    assert f'"{python}"' in workflow
    assert f'"{jax_version}.0"' in workflow


def test_every_method_and_padding_mode_has_its_place_in_the_documentation():
    methods, sizes = (
        (ROOT / "docs/concepts" / page).read_text(encoding="utf-8") for page in ("methods.md", "sizes.md")
    )
    assert re.findall(r'^\| `"(\w+)"` \|', methods, re.MULTILINE) == [*jtconv.METHODS]
    sentence = re.search(r"`padding_mode` names the added values: ([^.]+)\.", sizes)
    assert sentence is not None
    assert re.findall(r'"(\w+)"', sentence[1]) == [*PADDING_MODES]
