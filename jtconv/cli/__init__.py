"""The command `jtconv`: one file per subcommand, which registers itself.

May import `bench`, `explorer`, `_verify`, `_explain`, `_version` and all that these may import.
"""

from jtconv.cli._main import main as main
