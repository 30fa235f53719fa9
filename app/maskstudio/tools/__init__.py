"""Pointer events in, mask edits out."""

from maskstudio.tools.base import Tool, ToolEvent
from maskstudio.tools.brush import BrushTool, EraserTool
from maskstudio.tools.settings import BrushSettings
from maskstudio.tools.shapes import EllipseTool, LassoTool, RectangleTool

__all__ = [
    "BrushSettings", "BrushTool", "EllipseTool", "EraserTool", "LassoTool", "RectangleTool", "Tool",
    "ToolEvent",
]  # fmt: skip
