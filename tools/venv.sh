#!/bin/sh
# venv.sh FOLDER [PYTHON]: a virtual environment in FOLDER, made with PYTHON (by default the first
# Python >= 3.11 found). FOLDER/.made notes for which place and Python it was made; a folder that
# was copied from another place, or made with another Python, is made anew. Otherwise quick.
set -eu
venv=$1
python=${2:-}
recent='import sys; sys.exit(sys.version_info < (3, 11))'

if [ -n "$python" ]; then
    if ! "$python" -c "$recent" 2>/dev/null; then
        echo "PYTHON=$python is not a Python >= 3.11: $("$python" --version 2>&1 | head -n 1)" >&2
        exit 1
    fi
elif [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "$recent" 2>/dev/null; then
    python=$venv/bin/python # no wish: the one it was made with will do
else
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c "$recent" 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "jtconv needs Python >= 3.11, and python3 is: $(python3 --version 2>&1 | head -n 1)." >&2
        echo "Install a newer one, or name it: make PYTHON=/path/to/python3.11 ..." >&2
        exit 1
    fi
fi

made="$(pwd)/$venv, Python $("$python" -c 'import platform; print(platform.python_version())')"
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.made" 2>/dev/null)" = "$made" ]; then
    exit 0
fi
case $python in "$venv"/*) # remake with the Python behind the environment, not with its own link
    python=$("$python" -c 'import sys; print(sys._base_executable)') ;;
esac
# An environment without the note was made by hand: keep what is in it.
clear=
if [ -e "$venv/.made" ]; then clear=--clear; fi
echo "Making $made"
if ! "$python" -m venv $clear "$venv"; then
    echo "'$python -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
fi
echo "$made" >"$venv/.made"
