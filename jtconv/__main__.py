"""`python -m jtconv` is the command `jtconv`."""

import sys

from jtconv.cli import main

if __name__ == "__main__":
    sys.exit(main())
