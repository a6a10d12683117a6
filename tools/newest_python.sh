#!/bin/sh
# newest_python.sh: print the newest Python > 3.11 that is installed, on the path or by pyenv; nothing where there is none.
for version in 3.14 3.13 3.12; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
        # pyenv's own commands are there for versions that it does not select, and fail.
        if "$candidate" -c 'import sys, venv, ssl' 2>/dev/null; then
            command -v "$candidate"
            exit 0
        fi
    done
done
