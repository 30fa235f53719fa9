"""Run by blender-check.sh inside Blender: imports ``fan.bvh``, ``one.bvh`` and ``fan.glb`` of a folder and
compares them with ``fan.npz``. Blender has Z up, so what is (x, y, z) in a file that has Y up is (x, -z, y) in it."""

import builtins
import sys
from pathlib import Path

import bpy
import numpy as np

# Debian's Blender 3.4 runs on Python 3.11 and a newer numpy than its importers were written for.
_open = builtins.open
builtins.open = lambda file, mode="r", *rest, **more: _open(file, mode.replace("U", ""), *rest, **more)
np.bool = bool

PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)


def in_blender(poses):
    """(..., 17, 3) from the camera frame, x right, y down, z away, to Blender's axes."""
    x, y, z = poses[..., 0], -poses[..., 1], -poses[..., 2]
    return np.stack([x, -z, y], axis=-1)


def with_mean_bones(poses, weights):
    """The poses with each bone at its mean length, which is the one that a BVH has."""
    built = np.zeros_like(poses)
    for joint in range(1, 17):
        bone = poses[:, joint] - poses[:, PARENTS[joint]]
        lengths = np.linalg.norm(bone, axis=1, keepdims=True)
        built[:, joint] = built[:, PARENTS[joint]] + bone / lengths * np.average(
            lengths[:, 0], weights=weights
        )
    return built


def heads(armature, joints):
    """Where the joints of an armature are in the world, from its hip: ``(17, 3)``."""
    bones = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    places = np.array([armature.matrix_world @ bones[name].head for name in joints])
    return places - places[0]


def imported(before):
    return [thing for thing in bpy.data.objects if thing not in before]


def armature_of(things):
    (armature,) = [thing for thing in things if thing.type == "ARMATURE"]
    return armature


def check_bvh(path, joints, poses):
    """Largest distance of a joint in millimetres, over all frames."""
    before = set(bpy.data.objects)
    bpy.ops.import_anim.bvh(filepath=str(path), update_scene_duration=True)
    armature, worst = armature_of(imported(before)), 0.0
    for number, pose in enumerate(poses):
        bpy.context.scene.frame_set(number + 1)
        worst = max(worst, np.linalg.norm(heads(armature, joints) * 10 - pose, axis=1).max())
    return worst


def check_glb(folder, joints, pose):
    """Largest distance in millimetres of a joint, and of a joint to the skin around it."""
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(folder / "fan.glb"))
    things = imported(before)
    armature = armature_of(things)
    bones = np.linalg.norm(heads(armature, joints) * 1000 - pose, axis=1).max()
    skin = next(t for t in things if t.type == "MESH" and any(m.type == "ARMATURE" for m in t.modifiers))
    seen = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
    corners = np.array([seen.matrix_world @ vertex.co for vertex in seen.to_mesh().vertices])
    hip = np.array(armature.matrix_world @ armature.pose.bones[joints[0]].head)
    far = np.linalg.norm((corners - hip)[:, None] * 1000 - pose, axis=2).min(axis=0).max()
    return bones, far


def main():
    folder = Path(sys.argv[sys.argv.index("--") + 1])
    with np.load(folder / "fan.npz") as held:
        poses, weights, joints = held["poses"].astype(float), held["weights"], held["joints"].tolist()
    best = poses[int(weights.argmax())]
    bvh = check_bvh(folder / "fan.bvh", joints, in_blender(with_mean_bones(poses, weights)))
    one = check_bvh(folder / "one.bvh", joints, in_blender(best[None]))
    bones, skin = check_glb(folder, joints, in_blender(best))
    print(f"BVH: {len(poses)} frames, joints off by {bvh:.4f} mm at most from bodies of mean bones")
    print(f"BVH of one: joints off by {one:.4f} mm at most")
    print(f"GLB: joints off by {bones:.4f} mm at most, skin by {skin:.4f} mm")
    # Blender keeps places in single precision.
    if max(bvh, one, bones, skin) > 0.1:
        raise RuntimeError("Blender sees another pose than the one that was written.")


main()
