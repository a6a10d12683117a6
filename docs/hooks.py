"""What mkdocs runs while it builds: commands' outputs and figures, made anew for every build."""

import re
import sys
from collections import Counter
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


def on_post_page(output: str, **_: object) -> str:
    """Give names to what the theme leaves without, for those who do not see the page."""
    named = output.replace('role="dialog"', 'role="dialog" aria-label="Search"').replace("<th></th>", "<td></td>")
    seen: Counter[str] = Counter()

    def numbered(label: re.Match[str]) -> str:
        """A name of a list of headings once on a page: the second of a kind says that it is."""
        seen[label[1]] += 1
        return label[0] if seen[label[1]] == 1 else f'<nav class="md-nav" aria-label="{label[1]} ({seen[label[1]]})"'

    return re.sub(r'<nav class="md-nav" aria-label="([^"]*)"', numbered, named)


def printed_by(command: str) -> str:
    """Its output; that of an experiment as it is by default has been made for its figure."""
    plain = re.fullmatch(r"python -m experiments\.(\w+)", command)
    return experiment(plain[1]).table if plain else output_of(command)
