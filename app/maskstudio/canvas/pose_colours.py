"""The hues of a pose, the same over the photo and in 3D: left, right and the middle of the body.

Left and right are the person's own. The two hues differ in lightness, too, and stay apart for those who
see red and green alike; neither is the red of the mask nor the blue of the accent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from maskengines.subjects.pose_skeleton import JOINTS
from PySide6.QtGui import QColor

from maskstudio.window import theme


@dataclass(frozen=True)
class PoseHues:
    """Colours by side of the body, as ``#rrggbb``, and the ``halo`` that sets them off from a photo."""

    left: str
    right: str
    middle: str
    halo: str


HUES = {
    "dark": PoseHues(left="#2fd0c0", right="#ffab4a", middle="#e6e7ea", halo="#101113"),
    "light": PoseHues(left="#008577", right="#c25a00", middle="#4a4e57", halo="#ffffff"),
}
"""By name of the theme."""


def pose_hues() -> PoseHues:
    """The hues of the theme in use."""
    return HUES[theme.current().name]


def joint_colour(joint: int) -> QColor:
    """The hue of a joint, and of the bone that ends in it."""
    return QColor(_hue(joint, theme.current().name))


@lru_cache
def _hue(joint: int, name: str) -> QColor:
    side = JOINTS[joint][0] if JOINTS[joint][1].isupper() else ""
    return QColor({"L": HUES[name].left, "R": HUES[name].right}.get(side, HUES[name].middle))
