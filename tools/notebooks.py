"""The documentation's pages that hold Python, as notebooks: python tools/notebooks.py

Writes notebooks/*.ipynb. With --check it writes nothing: it compares them with what it would write, and runs each in a
fresh kernel. A page's ```python blocks become cells, the commands that it quotes too; ```py blocks are cells that need
another framework and are passed over where that is missing. Outputs are not kept.
"""

import argparse
import doctest
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from quote_outputs import BLOCK, quote_outputs

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
CONCEPTS = (
    *("idea", "sizes", "matrix", "methods", "operator", "spatial", "verify", "frameworks", "networks"),
    *("tools", "exporting"),
)
MIGRATE = ("pytorch", "keras", "lax", "numbers")
PAGES = ("quickstart", *(f"concepts/{page}" for page in CONCEPTS), *(f"migrate/{page}" for page in MIGRATE))

INSTALL = """\
# jtconv, where it is not installed yet. It is on no package index: set SOURCE to where the repository is,
# a folder ("/content/jtconv") or a Git URL ("git+https://..."). Opened from a checkout, it is found.
import importlib.util
import pathlib
import subprocess
import sys

SOURCE = ".." if pathlib.Path("../jtconv/_version.py").exists() else ""
if importlib.util.find_spec("jtconv") is None:
    assert SOURCE, "set SOURCE, in the lines above, to a folder or a Git URL of the repository"
    extras = "[flax,weights]"
    wanted = f"jtconv{extras} @ {SOURCE}" if "://" in SOURCE else f"{SOURCE}{extras}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", wanted], check=True)"""

CODE = re.compile(r"^```(?P<kind>py|python)\n(?P<source>.*?)^```$", flags=re.DOTALL | re.MULTILINE)
IMAGE = re.compile(r"^!\[(?P<alt>[^\]]*)\]\((?P<path>[^)]*)\)\n", flags=re.MULTILINE)
CROSS_REFERENCE = re.compile(r"\[(?P<text>[^\]]+)\]\[[\w.]+\]")
LINK = re.compile(r"\]\((?P<path>[\w./-]+)\.md(#[\w-]*)?\)")
MAY_FAIL = "raises-exception"  # Jupyter goes on after such a cell, and so does nbclient


def notebook(page: str) -> str:
    """The file for one page of the documentation."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    title, rest = text.split("\n", 1)
    made = jupytext.reads(_as_markdown(rest, page), fmt="md")
    cells = [nbformat.v4.new_markdown_cell(title), nbformat.v4.new_code_cell(INSTALL)]
    for cell in made.cells:
        cells += _cells(cell)
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place}"  # nbformat's own are random
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def _as_markdown(text: str, page: str) -> str:
    """The page in what jupytext knows, and without what mkdocs alone knows."""
    text = BLOCK.sub(_command, text)
    text = CODE.sub(_fenced, text)
    text = IMAGE.sub(_image, text)
    text = CROSS_REFERENCE.sub(r"\g<text>", text)
    return LINK.sub(lambda link: _link(link, page), text)


def _command(block: re.Match[str]) -> str:
    """A command of this package becomes a cell; what needs the repository is quoted as it is."""
    if block["command"].startswith("jtconv "):
        return f"```python\n%%bash\n{block['command']}\n```"
    _, *output, _ = quote_outputs(block[0]).splitlines()  # without the comments around it
    return "\n".join(output)


def _fenced(block: re.Match[str]) -> str:
    if block["kind"] == "py":
        return f'```python tags=["{MAY_FAIL}"]\n{block["source"]}```'
    if ">>>" not in block["source"]:
        return block[0]
    return "\n\n".join(_of_example(example) for example in doctest.DocTestParser().get_examples(block["source"]))


def _of_example(example: doctest.Example) -> str:
    tags = f' tags=["{MAY_FAIL}"]' if example.exc_msg else ""
    return f"```python{tags}\n{example.source}```"


def _image(image: re.Match[str]) -> str:
    """Pictures of the repository; figures are made when the documentation is built."""
    *_, folder, name = image["path"].split("/")
    return f"![{image['alt']}](../docs/images/{name})\n" if folder == "images" else ""


def _link(link: re.Match[str], page: str) -> str:
    target = os.path.normpath(os.path.join(os.path.dirname(page), link["path"]))
    return f"]({Path(target).name}.ipynb)" if target in PAGES else f"](../docs/{target}.md)"


def _cells(cell: NotebookNode) -> Iterator[NotebookNode]:
    """One of nbformat's own, with nothing of jupytext's."""
    if cell.cell_type == "markdown":
        yield nbformat.v4.new_markdown_cell(cell.source)
    else:
        tags = cell.metadata.get("tags")
        yield nbformat.v4.new_code_cell(cell.source, metadata={"tags": tags} if tags else {})


def run(page: str) -> None:
    """Run a notebook in a fresh kernel; an error in one of its cells is raised."""
    made = nbformat.read(_file(page), as_version=4)
    quiet = ["--IPKernelApp.log_level=ERROR"]  # it warns that it talks over the loopback
    where = {"metadata": {"path": FOLDER}}
    NotebookClient(made, timeout=120, kernel_name="python3", extra_arguments=quiet, resources=where).execute()
    print(f"{_file(page).relative_to(ROOT)} runs", flush=True)


def _file(page: str) -> Path:
    return FOLDER / f"{Path(page).name}.ipynb"


def main() -> None:
    """Write the notebooks, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare and run, write nothing")
    check = parser.parse_args().check
    wanted = {_file(page): notebook(page) for page in PAGES}
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for file, text in wanted.items():
            file.write_text(text, encoding="utf-8")
        print(f"{len(wanted)} notebooks in {FOLDER.relative_to(ROOT)}/")
        return
    there = {file: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.ipynb")}
    stale = sorted(file.name for file in wanted.keys() | there.keys() if wanted.get(file) != there.get(file))
    if stale:
        sys.exit(f"not what `make notebooks` writes: {', '.join(stale)}")
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # compiling takes longer than running here
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # of `jtconv`
    with ThreadPoolExecutor(2) as two:
        list(two.map(run, PAGES))


if __name__ == "__main__":
    main()
