#!/bin/sh
# Proves that Blender opens what the studio writes of bodies: asks DiffPose for 20, writes all as BVH, one as
# BVH and as GLB, imports them without a window and compares every joint with the NPZ of the same run.
# Not part of 'make test': Blender is 633 MB. On Debian:
#   apt-get install --no-install-recommends blender python3-numpy
# usage: [PYTHON=...] packaging/blender-check.sh [JOINTS.json]
set -eu
cd "$(dirname "$0")/.."
command -v blender >/dev/null || { echo "Blender is not installed: apt-get install blender python3-numpy" >&2; exit 1; }
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
"$python" - "$folder" "$joints" <<'CODE'
import sys
from pathlib import Path
import numpy as np
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.hypothesis_files import FORMS, motion_error, save_form
from maskengines.subjects.pose_files import load_pose
folder = Path(sys.argv[1])
with np.load(folder / "fan.npz") as held:
    bodies = Hypotheses.read({name: held[name] for name in ("poses", "weights", "joints_2d")})
one = next(form for form in FORMS if form.title == "BVH, this body")
save_form(bodies, load_pose(sys.argv[2]).subject, folder / "one.bvh", one, bodies.best)
print("One skeleton for all: joints off by %.1f mm on average, %.1f mm at most" % motion_error(bodies))
CODE
blender --background --factory-startup --python-exit-code 1 --python packaging/blender-check.py -- "$folder"
