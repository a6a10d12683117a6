#!/bin/sh
# build_wheel.sh: dist/jtconv-*.tar.gz, and the wheel that is built from it. On Linux the wheel is marked with the oldest
# manylinux that its C++ kernels run on, so that others can install it without a compiler.
set -eu
python -m build --outdir dist # without --wheel it builds the wheel from the source distribution
if [ "$(uname -s)" = Linux ]; then
    python -m auditwheel repair --wheel-dir dist dist/jtconv-*-linux_*.whl
    rm dist/jtconv-*-linux_*.whl
fi
ls dist
