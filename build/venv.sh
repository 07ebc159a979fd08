#!/bin/sh
# Makes the checkout's own virtual environment in .venv, from the pinned and hashed constraints.txt.
# Needs Python 3.11 or later and a package index; nothing else has to be installed by hand. Run it again at will:
# it starts afresh only when the pins, the project's metadata or the interpreter changed.
set -eu
cd "$(dirname "$0")/.."

python=""
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
done
if [ -z "$python" ]; then
    echo "tai needs Python 3.11 or later. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
fi

want=$({ cat constraints.txt pyproject.toml "$0"; "$python" -VV; pwd; } | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/tai ] && [ "$(cat .venv/stamp 2>/dev/null)" = "$want" ]; then
    exit 0
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing python3-venv" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null
    else
        echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "making .venv with $python (once)" >&2
rm -rf .venv
"$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r constraints.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
echo "$want" > .venv/stamp
