#!/bin/sh
# Resolve bootstrap.in and requirements.in to the locks beside them. The locks name no index.
set -eu
cd "$(dirname "$0")"
UV=../.venv/bin/uv

lock() {
    "$UV" pip compile "$1" --output-file "$2" --quiet --upgrade --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links \
        --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
        --override overrides.txt
}

lock bootstrap.in bootstrap.lock
lock requirements.in requirements.lock
