"""Writing a pose as a binary glTF 2.0: a skeleton with a skin of octahedra, one for each bone.

Metres, Y up, as glTF has it. The skin is bound in the rest pose, so that an application which imports it
finds a T pose to retarget from; the nodes stand in the pose.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from maskengines import __version__
from maskengines.subjects.pose_formats import rig
from maskengines.subjects.pose_skeleton import bone_lengths

Array = np.ndarray[Any, Any]

_METRES = 0.001
_FLOAT, _BYTE, _SHORT = 5126, 5121, 5123
_VERTICES, _INDICES = 34962, 34963
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_WAIST, _WIDTH = 0.2, 0.12  # where along a bone its octahedron is widest, and half how wide


def encode_glb(pose: Array, name: str = "Pose") -> bytes:
    """A ``.glb`` of one upright pose.

    Args:
        pose: ``(17, 3)`` millimetres, upright, relative to the hip.
        name: of the skinned mesh.
    """
    lengths = bone_lengths(np.asarray(pose, np.float64)) * _METRES
    steps, turned = rig.offsets(lengths), rig.rotations(pose[None])[0]
    count = len(rig.LINKS)
    nodes: list[dict[str, Any]] = []
    for number, link in enumerate(rig.LINKS):
        node: dict[str, Any] = {"name": link.name, "rotation": _quaternion(turned[number])}
        if number:
            node["translation"] = steps[number].tolist()
        if below := rig.children(number):
            node["children"] = below
        nodes.append(node)
    nodes.append({"name": name, "mesh": 0, "skin": 0})
    places = rig.rest_places(lengths)
    inverse = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    inverse[:, 3, :3] = -places  # glTF stores columns one after the other
    points, normals, links = _octahedra(places)
    joints = np.zeros((len(points), 4), np.uint8)
    joints[:, 0] = links
    weights = np.zeros((len(points), 4), np.float32)
    weights[:, 0] = 1
    data = _Data()
    attributes = {
        "POSITION": data.add(points, "VEC3", _FLOAT, _VERTICES, bounds=True),
        "NORMAL": data.add(normals, "VEC3", _FLOAT, _VERTICES),
        "JOINTS_0": data.add(joints, "VEC4", _BYTE, _VERTICES),
        "WEIGHTS_0": data.add(weights, "VEC4", _FLOAT, _VERTICES),
    }
    indices = data.add(np.arange(len(points), dtype=np.uint16), "SCALAR", _SHORT, _INDICES)
    matrices = data.add(inverse.reshape(count, 16), "MAT4", _FLOAT, None)
    material = {"baseColorFactor": [0.3, 0.55, 1.0, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}
    held = {
        "asset": {"version": "2.0", "generator": f"MaskStudio {__version__}"},
        "scene": 0,
        "scenes": [{"nodes": [0, count]}],
        "nodes": nodes,
        "meshes": [{"name": name, "primitives": [
            {"attributes": attributes, "indices": indices, "material": 0, "mode": 4}
        ]}],
        "materials": [{"name": "Bones", "pbrMetallicRoughness": material}],
        "skins": [{"inverseBindMatrices": matrices, "skeleton": 0, "joints": list(range(count))}],
        "accessors": data.accessors,
        "bufferViews": data.views,
        "buffers": [{"byteLength": len(data.blob)}],
    }  # fmt: skip
    text = json.dumps(held, separators=(",", ":")).encode()
    chunks = _chunk(_JSON, text, b" ") + _chunk(_BIN, bytes(data.blob), b"\0")
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


class _Data:
    """The binary chunk as it grows, and what the JSON says of it."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, array: Array, kind: str, component: int, target: int | None, bounds: bool = False) -> int:
        """Append an array; returns the number of its accessor."""
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.blob), "byteLength": array.nbytes}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views), "componentType": component, "count": len(array), "type": kind
        }  # fmt: skip
        if bounds:
            accessor |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        self.views.append(view)
        self.accessors.append(accessor)
        self.blob += array.tobytes() + bytes(-array.nbytes % 4)
        return len(self.accessors) - 1


def _octahedra(places: Array) -> tuple[Array, Array, Array]:
    """Triangles with flat normals around all bones of the rest pose.

    Returns:
        ``(V, 3)`` float32 points and normals, three for each triangle, and ``(V,)`` the link of each.
    """
    points, links = [], []
    for number, link in enumerate(rig.LINKS):
        if link.parent < 0 or link.rest == (0.0, 0.0, 0.0):
            continue
        start, end = places[link.parent], places[number]
        bone = end - start
        length = float(np.linalg.norm(bone))
        if length == 0:
            continue
        side = np.cross(bone / length, np.eye(3)[np.abs(bone).argmin()])
        side /= np.linalg.norm(side)
        ring = [side, np.cross(bone / length, side)]
        around = [
            start + _WAIST * bone + _WIDTH * length * way for way in (ring[0], ring[1], -ring[0], -ring[1])
        ]
        for corner in range(4):
            a, b = around[corner], around[(corner + 1) % 4]
            points += [start, b, a, end, a, b]
        links += [link.parent] * 24
    corners = np.array(points, np.float32).reshape(-1, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return corners.reshape(-1, 3), np.repeat(normals, 3, axis=0).astype(np.float32), np.array(links)


def _quaternion(turn: Array) -> list[float]:
    """x, y, z, w of a rotation, w not negative."""
    from scipy.spatial.transform import Rotation

    quaternion: list[float] = Rotation.from_matrix(turn).as_quat(canonical=True).tolist()
    return quaternion


def _chunk(kind: int, data: bytes, padding: bytes) -> bytes:
    data += padding * (-len(data) % 4)
    return struct.pack("<II", len(data), kind) + data
