#!/bin/sh
# Makes .venv and installs everything, once: does nothing while what it read has not changed.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
venv=.venv
stamp=$venv/setup-stamp

up_to_date() {
    [ -x "$venv/bin/python" ] && [ -f "$stamp" ] || return 1
    # A checkout that was moved has a .venv full of old paths.
    [ "$(cat "$stamp")" = "$here" ] || return 1
    for input in pyproject.toml packaging/setup.sh packaging/system-packages.sh app/maskstudio/qt-libraries.txt; do
        if [ "$input" -nt "$stamp" ]; then return 1; fi
    done
    "$venv/bin/python" -c '' 2>/dev/null
}

find_python() {
    for name in "${STUDIO_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        [ -n "$name" ] || continue
        if "$name" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2]))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "MaskStudio needs Python 3.11 or newer, and none was found. Install it, or name it: make setup STUDIO_PYTHON=/path/to/python3" >&2
    exit 1
}

if up_to_date; then exit 0; fi

python=$(find_python)
echo "Setting up MaskStudio with $("$python" --version) in $here/$venv"
sh packaging/system-packages.sh "$python"

usable() {
    # One made by hand, here, is kept; a checkout that was moved has one full of old paths.
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" != "$here" ]; then return 1; fi
    "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

cannot_make_it() {
    echo "$("$python" --version) cannot make a virtual environment here, and everything is installed into one. $1, then type make again." >&2
    exit 1
}

if ! usable; then
    # Looked at first: venv itself would print a page that repeats the line above.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || cannot_make_it "Install its venv package as said above"
    "$python" -m venv --clear "$venv" || cannot_make_it "Mend what it says above"
fi
rm -f "$stamp"
"$venv/bin/python" -m pip install --disable-pip-version-check --editable '.[dev]' || {
    echo "pip could not install MaskStudio; it says why above. It needs the network and 3 GB of disk. Mend that, then type make again." >&2
    exit 1
}
echo "$here" > "$stamp"
echo "MaskStudio is set up."
