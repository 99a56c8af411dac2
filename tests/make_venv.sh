#!/bin/sh
# make_venv.sh PYTHON FOLDER: a virtual environment with pip, also where Debian keeps ensurepip in a package of its own.
set -eu
if "$1" -c 'import ensurepip' 2>/dev/null; then exec "$1" -m venv "$2"; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "python3-venv is missing: installing it" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null
    exec "$1" -m venv "$2"
fi
if command -v virtualenv >/dev/null; then exec virtualenv --quiet --python "$1" "$2"; fi
echo "Python's venv module is incomplete here: install it first (Debian, Ubuntu: sudo apt install python3-venv)" >&2
exit 1
