#!/bin/sh
# Set up what is missing under .venv and node_modules; at once when nothing has changed.
# Finds Python 3.12 and leaves the work to setup.py.
set -eu
cd "$(dirname "$0")/.."

for python in python3.12 python3 python "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.12*/bin/python3.12; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
        exec "$python" -m toolchain.setup
    fi
done
echo "keel: Python 3.12 was not found; install it (for example: pyenv install 3.12) and run make again." >&2
exit 1
