#!/bin/sh
# Proves that SuperSplat's converter reads the Gaussians that we write, and that we read what it writes: PLY,
# compressed PLY, SPZ (versions 3 and 4), .splat and SOG, of each degree of harmonics. It compares numbers, not
# pictures, so that a flipped axis or a harmonic of the wrong sign shows.
# Not part of 'make test': needs Node 20 or newer and the network (npm), or SPLAT_TRANSFORM set to the program.
# usage: [PYTHON=...] [SPLAT_TRANSFORM=...] packaging/splat-check.sh
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -z "${SPLAT_TRANSFORM:-}" ]; then
    command -v npm >/dev/null || { echo "npm is not installed; it comes with Node (nodejs.org)." >&2; exit 1; }
    npm install --silent --no-save --prefix "$folder" @playcanvas/splat-transform@2.7.1 >/dev/null
    SPLAT_TRANSFORM=$folder/node_modules/.bin/splat-transform
fi
"$python" packaging/splat-check.py "$SPLAT_TRANSFORM" "$folder"
