"""What mkdocs runs while it builds: commands' outputs and figures, made anew for every build."""

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

for folder in ("docs", "tools", "."):
    sys.path.insert(0, str(Path(__file__).parent.parent / folder))

# Late, as these are found through the path set above.
from figures import FIGURES, experiment  # noqa: E402
from quote_outputs import output_of, quote_outputs  # noqa: E402

from jtconv.explorer import page  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every figure, as figures/NAME.svg, and the explorer, as explorer/page.html."""
    for name, draw in FIGURES.items():
        files.append(File.generated(config, f"figures/{name}.svg", content=draw()))
    files.append(File.generated(config, "explorer/page.html", content=page()))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill the blocks that quote a command's output."""
    return quote_outputs(markdown, printed_by)


def printed_by(command: str) -> str:
    """Its output; that of an experiment as it is by default has been made for its figure."""
    plain = re.fullmatch(r"python -m experiments\.(\w+)", command)
    return experiment(plain[1]).table if plain else output_of(command)
