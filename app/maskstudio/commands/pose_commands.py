"""Commands about a pose: starting one, its joints, its pins, and where it is seen from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from maskengines.assets import asset

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


def pose_commands(window: MainWindow) -> list[Command]:
    """The Pose menu."""
    poses, posed = window.poses, window.poses.needs_pose
    return [
        Command("pose.new", "New pose on this photo", poses.new_on_photo, "Pose", "new", (), "person",
                window.needs_document, words="skeleton template mannequin joints body",
                hint="Someone who stands, to be fitted to the person in the photo."),
        Command("pose.blank", "New pose on an empty canvas", poses.new_on_blank, "Pose", "new", (), "person",
                words="skeleton template mannequin joints body"),
        Command("pose.person", "Choose person or frame", poses.choose_person, "Pose", "joints", (), "person",
                poses.needs_people, words="people several another next bvh motion time",
                hint="Somebody else of the file that the joints came from, or another moment of a motion."),
        Command("pose.mirror", "Mirror", poses.mirror, "Pose", "joints", (), "mirror", posed,
                words="flip left right swap",
                hint="Exchanges left and right, also of pins, paint and the kept body."),
        Command("pose.evidence", "Mark or unmark no evidence", poses.toggle_evidence, "Pose", "joints", (),
                "no-evidence", poses.needs_joint, words="missing unknown joint",
                hint="Nothing is known of the joint touched last, or it is known again."),
        Command("pose.unpin", "Unpin all", poses.unpin_all, "Pose", "joints", (), "unpin",
                poses.needs_pins, words="pins release let go"),
        Command("pose.forget-body", "Let go of the kept body", poses.forget_body, "Pose", "joints", (),
                "clear", poses.needs_body, words="forget remove"),
        *[
            Command(f"pose.preset.{name.replace(' ', '-')}", f"Pose: {name}", poses.preset(name), "Pose",
                    "presets", (), "person", posed, words="preset template mannequin",
                    hint="Puts this pose into the person's box.")
            for name in _presets()
        ],
        Command("pose.front", "Front view", poses.front_view, "Pose", "view", (), "cube", posed,
                words="3d camera orbit", hint="As the camera saw it; 1 in the 3D view."),
        Command("pose.side", "Side view", poses.side_view, "Pose", "view", (), "cube", posed,
                words="3d camera orbit", hint="From the right of the picture; 3 in the 3D view."),
        Command("pose.top", "Top view", poses.top_view, "Pose", "view", (), "cube", posed,
                words="3d camera orbit", hint="From above; 7 in the 3D view."),
        Command("pose.frame", "Show all bodies", poses.frame, "Pose", "view", (), "fit", posed,
                words="3d camera zoom fit", hint="F in the 3D view."),
    ]  # fmt: skip


def _presets() -> tuple[str, ...]:
    """Their names, without what draws them: menus are filled before the first paint."""
    return tuple(json.loads(asset("poses/presets.json").read_text("utf-8"))["names"])
