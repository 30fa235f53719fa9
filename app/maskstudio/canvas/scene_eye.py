"""Where a scene is seen from: moves the eye, and wants frames, coarse ones while it moves and a fine one at
rest."""

from __future__ import annotations

import math
from dataclasses import replace

from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from maskstudio.canvas.orbit import FARTHEST, FRONT, NEAREST, SIDE, TOP, Orbit
from maskstudio.canvas.scene_stage import OPENING, RADIUS, SceneOrbit, Stage

MOVING_SHARE = 0.5

MOST_PIXELS = 2_000_000
"""Of a frame at rest; on a larger viewport it is drawn smaller and enlarged."""

_STEP = 2**0.5
_RESTED_MS, _ASK_MS = 160, 12
_FIRST_LOOK = (25.0, 18.0)
_FIRST_DISTANCE = 2.6 * RADIUS


class SceneEye(QObject):
    """Signals:
    wanted: a `Camera` to draw a frame for.
    moved: it is seen from elsewhere.
    left: the eye was moved, away from a photo if it looked as one.
    """

    wanted = Signal(object)
    moved = Signal()
    left = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.orbit: SceneOrbit = SceneOrbit(distance=_FIRST_DISTANCE).looking(*_FIRST_LOOK)
        self.stage = Stage.of(SceneSubject())
        self.exact: Camera | None = None
        """The photo's camera that is looked as, until the eye moves."""
        self.moving = False
        self.moving_share = MOVING_SHARE
        """Of the viewport's pixels across, in a frame while it moves."""
        self._ratio = 1.0
        self._ask = QTimer(self, singleShot=True, interval=_ASK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._ask.timeout.connect(self._want)
        self._settle = QTimer(self, singleShot=True, interval=_RESTED_MS)
        self._settle.timeout.connect(self._rest)

    # --- standing -------------------------------------------------------------------------------

    def set_scene(self, scene: SceneSubject) -> None:
        """Stand before another scene: where its first photo was taken, or so that all of it is seen where
        there are no Gaussians to look at from there."""
        self.stage = Stage.of(scene)
        if scene.cameras and scene.gaussians is not None:
            first = self.stage.orbit(scene.cameras[0], self.orbit.width, self.orbit.height)
            self.look(replace(first, distance=_STEP * first.distance, opening=OPENING))
        else:
            self.frame()

    def resize(self, width: int, height: int, ratio: float) -> None:
        """Another viewport, in logical pixels; ``ratio`` pixels of the screen to each."""
        self._ratio = ratio
        self.orbit = self.orbit.resized(max(1, width), max(1, height))
        if self.exact is not None:
            self.look_from(self.exact)
        else:
            self.moving = True
            self._settle.start()
            self._ask.start()

    def refresh(self) -> None:
        """Want a frame of what is looked at, at full size."""
        self.moving = False
        self._ask.start()

    def stir(self) -> None:
        """What is looked at moves: want a coarse frame of it, and a fine one once it rests."""
        self.moving = True
        self._settle.start()
        if not self._ask.isActive():
            self._ask.start()

    # --- moving ---------------------------------------------------------------------------------

    def look(self, orbit: Orbit) -> None:
        """See it with another camera: coarsely at first, finely once it rests."""
        if orbit == self.orbit and self.exact is None:
            return
        assert isinstance(orbit, SceneOrbit)
        self.orbit, self.exact = orbit, None
        self.stir()
        self.left.emit()
        self.moved.emit()

    def look_from(self, camera: Camera) -> None:
        """See it exactly as a photo does, as large as it fits, until the eye moves."""
        width, height = self.orbit.width, self.orbit.height
        orbit = self.stage.orbit(camera, width, height)
        focal = camera.fx * min(width / camera.width, height / camera.height)
        opening = math.degrees(2 * math.atan(min(width, height) / 2 / focal))
        self.orbit, self.exact = replace(orbit, opening=opening), camera
        self.refresh()
        self.moved.emit()

    def let_go(self) -> None:
        """Stay, but as an eye of its own."""
        if self.exact is not None:
            self.exact = None
            self.refresh()
            self.moved.emit()

    def view_front(self) -> None:
        """As the first photo looks, upright."""
        self.look(self.orbit.looking(*FRONT))

    def view_side(self) -> None:
        """From the right of the front."""
        self.look(self.orbit.looking(*SIDE))

    def view_top(self) -> None:
        """From above."""
        self.look(self.orbit.looking(*TOP))

    def frame(self) -> None:
        """All of the scene, from this side."""
        self.look(replace(self.orbit, target=(0.0, 0.0, 0.0), distance=_FIRST_DISTANCE))

    def nearer(self) -> None:
        """One step closer."""
        self.look(self.orbit.zoomed(_STEP, self.orbit.width / 2, self.orbit.height / 2))

    def farther(self) -> None:
        """One step back."""
        self.look(self.orbit.zoomed(1 / _STEP, self.orbit.width / 2, self.orbit.height / 2))

    def reach_to(self, depth: float | None) -> None:
        """Take a depth in the scene as the distance that moves are measured by; the eye stays."""
        if depth is not None:
            distance = min(max(depth * self.stage.scale, NEAREST), FARTHEST)
            eye, ahead = self.orbit.eye, self.orbit.axes[2]
            x, y, z = (float(value) for value in eye + distance * ahead)
            self.orbit = replace(self.orbit, target=(x, y, z), distance=distance)

    # --- seeing ---------------------------------------------------------------------------------

    def camera(self, width: int, height: int) -> Camera:
        """What is looked at, as a camera of the scene with a picture of that size."""
        exact = self.exact
        if exact is None:
            return self.stage.camera(self.orbit, width, height)
        scale = min(width / exact.width, height / exact.height)
        return replace(
            exact, width=width, height=height, fx=exact.fx * scale, fy=exact.fy * scale,
            cx=exact.cx * scale + (width - exact.width * scale) / 2,
            cy=exact.cy * scale + (height - exact.height * scale) / 2,
        )  # fmt: skip

    def _want(self) -> None:
        width, height = self.orbit.width, self.orbit.height
        ratio = self._ratio * (self.moving_share if self.moving else 1.0)
        ratio = min(ratio, math.sqrt(MOST_PIXELS / max(1, width * height)))
        self.wanted.emit(self.camera(max(1, round(width * ratio)), max(1, round(height * ratio))))

    def _rest(self) -> None:
        if self.moving:
            self.refresh()
