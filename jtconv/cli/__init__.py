"""The command `jtconv`."""

from jtconv.cli._main import main as main
