#!/bin/sh
# Find the Chromium in which the page is tested, else install Debian's package where that may be.
set -eu

fail() {
    echo "keel: $1; install the package chromium (as root: apt-get install chromium) and run make again." >&2
    exit 1
}

if command -v chromium >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    fail "chromium was not found, and there is no apt-get to install it with"
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    fail "chromium was not found, and only root may install it"
fi

echo "Installing Chromium, in which the page is tested"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq || fail "chromium was not found, and the lists of packages cannot be read"
$as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null ||
    fail "chromium was not found, and apt-get could not install it"
