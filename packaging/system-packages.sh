#!/bin/sh
# Installs the system packages that are missing here: with apt-get when root, else it prints the one line
# to type. Never fails for want of them: everything but the window works without.
# usage: system-packages.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
python=$1
[ "$(uname -s)" = Linux ] || exit 0

missing=
need() { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; }

# ldconfig is in a folder that ordinary users often do not have in their PATH.
libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
while read -r part soname package; do
    case $part in '#'* | '') continue ;; esac
    case $libraries in *"$soname "*) ;; *) need "$package" ;; esac
done < app/maskstudio/qt-libraries.txt

# Letters in the window.
[ -d /usr/share/fonts/truetype ] || [ -d /usr/share/fonts/opentype ] || need fonts-dejavu-core
# What the tests drive and look at the window with.
while read -r program package; do
    command -v "$program" >/dev/null 2>&1 || need "$package"
done <<'PROGRAMS'
Xvfb xvfb
xdotool xdotool
openbox openbox
import imagemagick
desktop-file-validate desktop-file-utils
readelf binutils
PROGRAMS
# Debian ships Python without the part that makes virtual environments.
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    need "python$version-venv"
}

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Install what these Debian packages hold, with this system's own package manager:$missing" >&2
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "Some system packages are missing. Type this once:" >&2
    echo "    sudo apt-get install -y$missing" >&2
    exit 0
fi
echo "Installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; }; then
    echo "The system packages could not be installed; the window may not open. Later, type:" >&2
    echo "    apt-get install -y$missing" >&2
fi
