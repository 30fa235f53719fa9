"""What the Scene menu does with the photos of the scene in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.window.scene_flow import SceneFlow

NO_PHOTOS = "This scene has no photos: open its folder, with File, Open scene folder"


class PhotoFlow:
    """Looks at photos of the scene in front; while one shows, it is painted on."""

    def __init__(self, scenes: SceneFlow) -> None:
        self._scenes = scenes

    @property
    def showing(self) -> bool:
        """A photo lies over the render."""
        return self._scenes.sheet is not None

    def toggle(self) -> None:
        """Look at the photo nearest to the eye, or at the scene again."""
        front = self._scenes.front
        if front is not None and self.showing:
            front.photos.leave()
        elif front is not None:
            front.photos.show_nearest()

    def next(self) -> None:
        """Look at the next photo."""
        if self._scenes.front is not None:
            self._scenes.front.photos.step(1)

    def previous(self) -> None:
        """Look at the photo before."""
        if self._scenes.front is not None:
            self._scenes.front.photos.step(-1)

    def toggle_learned(self) -> None:
        """Show or hide what a training takes for clutter."""
        front = self._scenes.front
        if front is not None:
            front.photos.show_learned(not front.photos.learned_shown)

    def toggle_strip(self) -> None:
        """Show or hide the strip of photos."""
        front = self._scenes.front
        if front is not None:
            front.photos.show_strip(not front.photos.strip_shown)

    @property
    def strip_shown(self) -> bool:
        """Whether the strip of photos shows."""
        return self._scenes.front is not None and self._scenes.front.photos.strip_shown

    @property
    def learned_shown(self) -> bool:
        """Whether what was learned lies over photos."""
        return self._scenes.front is not None and self._scenes.front.photos.learned_shown

    def needed(self) -> str | None:
        """Why a command about photos cannot run."""
        front = self._scenes.front
        return self._scenes.needs_scene() or (
            None if front is not None and front.photos.photos else NO_PHOTOS
        )
