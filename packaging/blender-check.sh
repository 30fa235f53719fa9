#!/bin/sh
# Proves that Blender opens what 'maskstudio run diffpose' writes: asks for 20 hypotheses, writes them as BVH
# and GLB, imports both without a window and compares every joint with the NPZ of the same run.
# Not part of 'make test': Blender is 633 MB. On Debian: apt-get install --no-install-recommends blender
# usage: packaging/blender-check.sh [JOINTS.json]
set -eu
cd "$(dirname "$0")/.."
command -v blender >/dev/null || { echo "Blender is not installed: apt-get install blender" >&2; exit 1; }
python=${PYTHON:-.venv/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
joints=${1:-$folder/joints.json}
[ "$#" -gt 0 ] || cat >"$joints" <<'JSON'
{"keypoints": [400,120,2, 410,110,2, 390,110,2, 422,116,2, 378,116,2, 440,170,2, 360,170,2, 480,224,2,
 320,224,2, 520,176,2, 280,276,2, 424,280,2, 376,280,2, 426,364,2, 374,364,2, 428,450,2, 372,450,2]}
JSON
for suffix in npz bvh glb; do
    "$python" -m maskstudio run diffpose --input "$joints" --out "$folder/fan.$suffix" --count 20 --seed 1
done
blender --background --factory-startup --python-exit-code 1 --python packaging/blender-check.py -- "$folder"
