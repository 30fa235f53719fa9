"""Which tool is in hand; one set of tools and brush settings for all documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.canvas.scene_view import SceneView
    from maskstudio.tools.base import Tool
    from maskstudio.tools.options import BrushOptions
    from maskstudio.tools.settings import BrushSettings
    from maskstudio.window.main_window import MainWindow

HARDNESS_STEP = 0.1
BRUSHES = ("tool.brush", "tool.eraser")
JOINTS = "tool.joints"
HAND = "tool.hand"


class ToolFlow:
    """Chooses tools for the canvas in front."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.chosen = self._for_pictures = BRUSHES[0]
        self._options: BrushOptions | None = None

    @cached_property
    def brush(self) -> BrushSettings:
        """Size, hardness and opacity, shared by brush and eraser."""
        from maskstudio.tools.settings import BrushSettings

        return BrushSettings(self._window)

    def chooser(self, name: str) -> Callable[[], None]:
        """What the command of a tool runs."""
        return lambda: self.choose(name)

    def checker(self, name: str) -> Callable[[], bool]:
        """Whether a tool is in hand."""
        return lambda: self.chosen == name

    def choose(self, name: str) -> None:
        """Take a tool; every canvas gets it when it comes to the front."""
        self.chosen = name
        view, scene = self._window.view, self._window.scenes.front
        if scene is None:
            self._for_pictures = name
        if scene is not None:
            self.equip_scene(scene.view)
        elif view is not None and view.canvas is not None:
            self.equip(view.canvas)
        self._window.actions_changed()

    def equip(self, canvas: ImageCanvas) -> None:
        """Put the tool in hand on a canvas, whatever a scene was turned with meanwhile; where there are no
        joints to drag, the brush."""
        if self._for_pictures == JOINTS and self._window.poses.front is None:
            self._for_pictures = BRUSHES[0]
        self.chosen = self._for_pictures
        canvas.set_tool(self._tools[self.chosen])
        self.show_options()

    def equip_scene(self, view: SceneView) -> None:
        """Put the tool in hand on a viewport. On the render all paint is laid on nothing: the eraser is a
        brush whose paint takes away."""
        if self.chosen == JOINTS:
            self.chosen = HAND
        if view.photo is not None:
            view.set_tool(self._tools[self.chosen])
            self.show_options()
            return
        erases = self.chosen == "tool.eraser"
        view.set_tool(self._tools["tool.brush" if erases else self.chosen], takes_away=erases)
        self.show_options()

    def start(self) -> None:
        """After the first paint: the floating brush panel."""
        from maskstudio.tools.options import BrushOptions

        settings = self._window.settings
        brush = self.brush
        brush.size, brush.hardness, brush.opacity = settings.brush
        self._options = BrushOptions(brush, self._window)
        self._options.hide()
        self.show_options()

    def close(self) -> None:
        """Remember the brush."""
        brush = self.brush
        self._window.settings.brush = [brush.size, brush.hardness, brush.opacity]
        self._window.settings.save()
        self.put_away()

    def show_options(self) -> None:
        """The brush panel lies over the canvas in front while a brush is in hand."""
        options, scene = self._options, self._window.scenes.front
        canvas = scene.view if scene is not None else self._window.look.canvas
        if options is None:
            return
        if canvas is None or self.chosen not in BRUSHES or not self._window.look.panels_shown:
            options.hide()
            return
        if options.parentWidget() is not canvas:
            options.setParent(canvas)
            options.move(12, 12)
        options.show()
        options.raise_()

    def put_away(self) -> None:
        """Take the brush panel off a canvas that is about to go."""
        if self._options is not None:
            self._options.setParent(self._window)
            self._options.hide()

    @cached_property
    def _tools(self) -> dict[str, Tool | None]:
        from maskstudio.tools.brush import BrushTool, EraserTool
        from maskstudio.tools.joints import JointTool
        from maskstudio.tools.shapes import EllipseTool, LassoTool, RectangleTool

        joints = JointTool(self._window)
        joints.grip_moved.connect(self._window.poses.ring)
        joints.touched.connect(self._window.poses.touch)
        return {
            JOINTS: joints,
            "tool.brush": BrushTool(self.brush),
            "tool.eraser": EraserTool(self.brush),
            "tool.rectangle": RectangleTool(),
            "tool.ellipse": EllipseTool(),
            "tool.lasso": LassoTool(),
            "tool.hand": None,  # without a tool, a drag moves the view
        }

    def smaller(self) -> None:
        """Next smaller brush."""
        self.brush.smaller()

    def larger(self) -> None:
        """Next larger brush."""
        self.brush.larger()

    def softer(self) -> None:
        """A softer edge."""
        self.brush.hardness = round(self.brush.hardness - HARDNESS_STEP, 3)

    def harder(self) -> None:
        """A harder edge."""
        self.brush.hardness = round(self.brush.hardness + HARDNESS_STEP, 3)
