"""Commands about a scene: what is selected in it, what becomes of it, and where it is seen from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


REACHES = (
    ("band", "Paint reaches a depth band", "What is seen under the paint, and what is hidden among it."),
    ("visible", "Paint reaches what is visible", "Only what is seen under the paint."),
    ("through", "Paint reaches through", "All that lies under the paint, however deep."),
)


def scene_commands(window: MainWindow) -> list[Command]:
    """The Scene menu."""
    scenes, photos = window.scenes, window.scenes.photos
    selection, splats = scenes.selection, scenes.splats
    chosen, some = scenes.needs_selection, scenes.needs_gaussians
    cameras = window.cameras
    return [
        Command("scene.find-cameras", "Find the cameras", cameras.find, "Scene", "cameras", (), "camera",
                cameras.cannot_find, words="structure from motion colmap sfm photos place register",
                hint="Where the photos of the scene were taken from."),
        Command("scene.delete", "Delete selected", splats.delete, "Scene", "edit", (), "trash", chosen,
                words="remove gaussians splats erase clean",
                hint="Takes what is selected out of the scene; the Delete key in the viewport."),
        Command("scene.isolate", "Isolate selected", splats.isolate, "Scene", "edit", (), "isolate", chosen,
                words="solo only gaussians", hint="Hides all else."),
        Command("scene.hide", "Hide selected", splats.hide, "Scene", "edit", (), "no-evidence", chosen,
                words="gaussians invisible",
                hint="It stays in the scene; a saved project remembers that it is hidden."),
        Command("scene.show-all", "Show all", splats.show_all, "Scene", "edit", (), "eye",
                scenes.needs_hidden, words="unhide gaussians", hint="Shows what was hidden."),
        Command("scene.fill", "Fill what was removed", window.fills.fill, "Scene", "edit", (), "sample",
                window.fills.cannot_fill, words="inpaint hole complete gaussians clean",
                hint="New Gaussians where deleting others laid bare what no photo saw."),
        Command("scene.fill-here", "Fill as seen from here", window.fills.fill_from_here, "Scene", "edit", (),
                "sample", window.fills.cannot_fill, words="inpaint hole complete gaussians clean view",
                hint="The hole is filled in the picture that the viewport shows now."),
        Command("scene.lock", "Lock selected", splats.lock, "Scene", "edit", (), "lock", chosen,
                words="protect freeze gaussians", hint="It is neither selected nor changed from then on."),
        Command("scene.unlock", "Unlock all", splats.unlock, "Scene", "edit", (), "unlock",
                scenes.needs_locked, words="free gaussians", hint="What was locked can be selected again."),
        Command("scene.move", "Move selected", splats.grabber("move"), "Scene", "change", (), "move", chosen,
                words="grab translate shift transform gaussians",
                hint="G in the viewport; X, Y or Z keeps to an axis."),
        Command("scene.turn", "Turn selected", splats.grabber("turn"), "Scene", "change", (), "turn", chosen,
                words="rotate transform gaussians", hint="R in the viewport; X, Y or Z keeps to an axis."),
        Command("scene.scale", "Scale selected", splats.grabber("scale"), "Scene", "change", (), "scale",
                chosen, words="size larger smaller transform gaussians", hint="S in the viewport."),
        Command("scene.recolour", "Recolour selected", splats.recolour, "Scene", "change", (), "colour",
                chosen, asks=True, words="color tint hue gaussians",
                hint="Shifts colours so that their mean is the one that you choose."),
        Command("scene.alike", "Select alike", selection.alike, "Scene", "selection", (), "sample", chosen,
                words="similar colour color same gaussians", hint="Adds what has about the same colour."),
        Command("scene.by-looks", "Select by looks", selection.by_looks, "Scene", "selection", (),
                "sliders", some, asks=True, words="colour color size opacity threshold gaussians",
                hint="By colour, size and opacity."),
        Command("scene.votes", "Vote from several views", selection.toggle_votes, "Scene", "selection", (),
                "votes", some, checked=lambda: selection.voting, words="select paint refine views multi",
                hint="Paint the same thing from more than one side; all views say what is selected."),
        Command("scene.grow", "Grow selection", selection.grow, "Scene", "selection", (), "grow", chosen,
                words="expand neighbours gaussians", hint="Adds the neighbours of what is selected."),
        Command("scene.shrink", "Shrink selection", selection.shrink, "Scene", "selection", (), "shrink",
                chosen, words="contract neighbours gaussians", hint="Takes the rim of the selection away."),
        *[
            Command(f"scene.reach.{name}", title, selection.reacher(name), "Scene", "reach", (), "depth",
                    some, checked=selection.reaches(name), words="select brush depth visible through",
                    hint=hint)
            for name, title, hint in REACHES
        ],
        Command("scene.photo", "Paint on photos", photos.toggle, "Scene", "photos", (), "photo",
                photos.needed, checked=lambda: photos.showing,
                words="training camera distractor clutter mask compare",
                hint="Lays the nearest photo over the render, to be painted on; Esc goes back."),
        Command("scene.photo.next", "Next photo", photos.next, "Scene", "photos", ("PgDown",), "next",
                photos.needed, words="training camera", hint="Looks from where it was taken."),
        Command("scene.photo.previous", "Previous photo", photos.previous, "Scene", "photos",
                ("PgUp",), "previous", photos.needed, words="training camera",
                hint="Looks from where it was taken."),
        Command("scene.strip", "Show strip of photos", photos.toggle_strip, "Scene", "photos", (), "photos",
                photos.needed, checked=lambda: photos.strip_shown, words="thumbnails film cameras",
                hint="Small pictures below the viewport; a click looks from where a photo was taken."),
        Command("scene.learned", "Show learned masks", photos.toggle_learned, "Scene", "photos", (),
                "overlay", photos.needed, checked=lambda: photos.learned_shown,
                words="clutter distractor overlay", hint="What a training takes for clutter in a photo."),
        Command("scene.front", "Front of the scene", scenes.look("view_front"), "Scene", "view", (), "cube",
                scenes.needs_scene, words="3d camera orbit", hint="1 in the viewport."),
        Command("scene.side", "Side of the scene", scenes.look("view_side"), "Scene", "view", (), "cube",
                scenes.needs_scene, words="3d camera orbit", hint="3 in the viewport."),
        Command("scene.top", "Top of the scene", scenes.look("view_top"), "Scene", "view", (), "cube",
                scenes.needs_scene, words="3d camera orbit", hint="7 in the viewport."),
        Command("scene.frame", "Show all of the scene", scenes.look("frame"), "Scene", "view", (), "fit",
                scenes.needs_scene, words="3d camera zoom fit", hint="F in the viewport."),
        Command("scene.cameras", "Show cameras", scenes.toggle_cameras, "Scene", "view", (), "camera",
                scenes.needs_scene, checked=lambda: scenes.cameras_shown, words="photos frusta",
                hint="Where the photos were taken from."),
    ]  # fmt: skip
