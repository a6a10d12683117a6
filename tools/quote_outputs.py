"""Put what commands print into Markdown: python tools/quote_outputs.py README.md ...

Between `<!-- output of: COMMAND -->` and `<!-- end of output -->` stands what COMMAND prints; this
script runs the commands and rewrites what stands there. The documentation's build does the same.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BLOCK = re.compile(r"(<!-- output of: (?P<command>.+?) -->\n).*?(<!-- end of output -->)", flags=re.DOTALL)


def output_of(command: str) -> str:
    """What `command` prints, run by bash with this Python's commands first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env=os.environ | {"PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"`{command}` exited with {done.returncode}:\n{done.stderr}")
    return done.stdout.rstrip()


def quote_outputs(text: str, run: Callable[[str], str] = output_of) -> str:
    """`text` with every block's command run and its output put in."""

    def quoted(block: re.Match[str]) -> str:
        output = run(block["command"])
        is_table = output.startswith("| ")  # which Markdown shows as such
        shown = f"\n{output}\n\n" if is_table else f"```console\n$ {block['command']}\n{output}\n```\n"
        return block[1] + shown + block[3]

    return BLOCK.sub(quoted, text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(quote_outputs(page.read_text(encoding="utf-8")), encoding="utf-8")
