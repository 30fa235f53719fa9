"""What the Pose menu does, and the poses of all tabs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from maskengines.errors import StudioError

from maskstudio.window.document_view import DocumentView

if TYPE_CHECKING:
    import numpy as np
    from maskengines.contract import Candidate
    from maskengines.subjects.image import ImageSubject
    from maskengines.subjects.pose import PoseSubject

    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.documents.document import Document
    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.documents.pose_people import PosePeople
    from maskstudio.jobs.asking import Asker
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.pose_view import PoseView

    Array = np.ndarray[Any, Any]

NO_POSE = "Open joints first, or start a pose: Pose, New pose on this photo"
NO_JOINT = "Touch a joint first: drag one (J), or click one in the 3D view"
NO_PEOPLE = "This pose began with no file of joints that may hold others"
NO_PINS = "No joint is pinned: click one in the 3D view"
BLANK_SIDE = 1000
TALL, WIDE = 0.84, 0.5
"""Height of a new person in the picture, and the width of their box in that height."""


class PoseFlow:
    """One `PoseView` for each tab that shows a pose."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._views: dict[DocumentView, PoseView] = {}

    # --- coming and going -----------------------------------------------------------------------

    def begin(self, view: DocumentView, document: Document, canvas: ImageCanvas) -> PoseView | None:
        """What a tab shows beside its canvas; None where the document is no pose."""
        if document.kind != "pose":
            return None
        from maskstudio.documents.pose_document import PoseDocument
        from maskstudio.window.pose_view import PoseView

        assert isinstance(document, PoseDocument)
        made = self._views[view] = PoseView(document, canvas)
        can_let_go = _can_let_go(document)

        def changed() -> None:
            nonlocal can_let_go
            # While a hand drags, all else that commands ask stays: looking at all of them takes a while.
            before, can_let_go = can_let_go, _can_let_go(document)
            if can_let_go != before:
                self._window.actions_changed()

        document.pose_changed.connect(changed)
        return made

    def tie(self, view: DocumentView, asker: Asker) -> None:
        """The engines are there: let a tab's 3D view follow them."""
        if view in self._views:
            self._views[view].tie(asker)

    def forget(self, view: DocumentView) -> None:
        """A tab is being closed."""
        self._views.pop(view, None)

    @property
    def front(self) -> PoseView | None:
        """The pose in front."""
        view = self._window.view
        return self._views.get(view) if view is not None else None

    @property
    def document(self) -> PoseDocument | None:
        """Its document."""
        return self.front.document if self.front is not None else None

    def pick(self, candidate: Candidate | None, index: int | None) -> None:
        """The gallery shows a body, or none any more."""
        # It lets go of a body only once another tab is in front: nobody at the back shows one.
        for view in self._views.values():
            if view is self.front:
                view.pick(candidate, index)
            elif view.picking:
                view.pick(None, None)

    def ring(self, at: tuple[float, float] | None) -> None:
        """The joint tool is over a point of the picture that it would take."""
        if self.front is not None:
            self.front.overlay.set_grip(at)

    def touch(self, joint: str) -> None:
        """A joint was taken in the photo."""
        if self.front is not None:
            self.front.joint = joint
            self._window.actions_changed()

    # --- the commands ---------------------------------------------------------------------------

    def new_on_photo(self) -> None:
        """A pose on the photo in front."""
        document = self._window.document
        if document is not None:
            self._new(document.subject, document.title, _photo_of(document))

    def new_on_blank(self) -> None:
        """A pose on an empty canvas."""
        import numpy as np
        from maskengines.subjects.image import ImageSubject

        from maskstudio.documents.pose_opening import BLANK

        pixels = np.full((BLANK_SIDE, BLANK_SIDE, 1), BLANK, np.uint8)
        self._new(ImageSubject(pixels), "Pose")

    def _new(self, photo: ImageSubject, title: str, file: str = "") -> None:
        from maskengines.subjects.pose_template import template_pose

        size = photo.width, photo.height
        try:
            pose = template_pose(size, person_box(size))
        except StudioError as error:
            self._window.show_error(error)
            return
        self._open(photo, replace(pose, photo=file), title)

    def take_joints(self, candidate: Candidate) -> None:
        """Take over joints that were found in a photo: into the pose in front, or as a pose on the photo in
        front.

        Raises:
            BadInput: the candidate holds none.
        """
        from maskengines.results.joints import pose_from_candidate

        pose, document = pose_from_candidate(candidate), self._window.document
        if self.document is not None:
            kept = self.document.pose
            self.document.change_pose(
                replace(pose, photo=kept.photo, photo_hash=kept.photo_hash), "Find joints"
            )
        elif document is not None:
            self._open(document.subject, replace(pose, photo=_photo_of(document)), document.title)

    def _open(self, photo: ImageSubject, pose: PoseSubject, title: str) -> None:
        from maskengines.projects.autosave import Start

        from maskstudio.documents.pose_document import PoseDocument
        from maskstudio.documents.recovery import protect

        window = self._window
        document = PoseDocument(photo, pose)
        document.name = title if title.startswith("Pose") else f"Pose on {title}"
        protect(document, Start(document.state()))
        view = DocumentView(document.title, None)
        window.add_view(view)
        window.fill_view(view, document)
        window.tools.choose("tool.joints")

    def preset(self, name: str) -> Callable[[], None]:
        """What the command of a preset runs: that pose in the person's box."""

        def take() -> None:
            from maskengines.subjects.pose_template import preset_pose

            document = self.document
            if document is not None:
                kept = document.pose
                pose = preset_pose(name, kept.size, kept.box)
                pose = replace(pose, photo=kept.photo, photo_hash=kept.photo_hash)
                document.change_pose(pose, f"Pose: {name}")

        return take

    def mirror(self) -> None:
        """Exchange left and right."""
        if self.document is not None:
            self.document.mirror("Mirror pose")

    def choose_person(self) -> None:
        """Ask for another person, or another frame, of the file that the pose began with."""
        front = self.front
        if front is None:
            return
        from maskstudio.documents.pose_people import PosePeople
        from maskstudio.window.person_dialog import PersonDialog

        try:
            people = PosePeople(front.document)
            if people.count < 2:
                kind = "frame" if people.frames else "person"
                self._window.banner.tell(f"'{people.file.name}' holds one {kind}.", seconds=4)
                return
            dialog = PersonDialog(front.document, people, self._shown_of(front, people), self._window)
        except StudioError as error:
            self._window.show_error(error)
            return
        if dialog.exec() and dialog.number is not None:
            front.person = dialog.number

    def _shown_of(self, front: PoseView, people: PosePeople) -> int:
        """The number of the one whose joints the document shows; the first where they have moved."""
        import numpy as np

        joints = front.document.pose.joints
        for number in (front.person, people.first):
            if number is not None and number < people.count:
                with contextlib.suppress(StudioError):
                    if np.allclose(people.pose(number).joints, joints):
                        return number
        return people.first

    def toggle_evidence(self) -> None:
        """Take away what is known of the joint touched last, or give it back."""
        from maskengines.subjects.pose_skeleton import INDEX
        from maskengines.subjects.pose_template import with_evidence, without

        document, name = self.document, self._joint
        if document is None or name is None:
            return
        joint = INDEX[name]
        if document.pose.missing[joint]:
            document.change_pose(with_evidence(document.pose, joint), f"Evidence for {name}")
        else:
            document.change_pose(without(document.pose, joint), f"No evidence for {name}")

    def unpin_all(self) -> None:
        """Let go of all pins."""
        if self.document is not None:
            self.document.change_pins({}, "Unpin all")

    def forget_body(self) -> None:
        """Keep no body any more."""
        if self.document is not None:
            self.document.keep_body(None, "Let go of the body")

    def front_view(self) -> None:
        """The 3D view from where the photo was taken."""
        if self.front is not None:
            self.front.fan.view_front()

    def side_view(self) -> None:
        """The 3D view from the right of the picture."""
        if self.front is not None:
            self.front.fan.view_side()

    def top_view(self) -> None:
        """The 3D view from above."""
        if self.front is not None:
            self.front.fan.view_top()

    def frame(self) -> None:
        """All bodies in the 3D view."""
        if self.front is not None:
            self.front.fan.frame()

    def keep(self, candidate: Candidate, index: int) -> None:
        """Keep the body of that number."""
        from maskstudio.panels.hypotheses_view import fan_of

        self._keep(fan_of(candidate).hypotheses.poses[index], f"Keep body {index + 1}")

    def keep_shown(self) -> None:
        """Keep the body that follows the hand."""
        body = self.front.shown_body if self.front is not None else None
        if body is not None:
            self._keep(body, "Keep body")

    @property
    def hand_body(self) -> bool:
        """A body follows the hand, and none is picked."""
        return self.front is not None and self.front.shown_body is not None

    def _keep(self, body: Array, label: str) -> None:
        if self.document is not None:
            self.document.keep_body(body, label)
            self._window.banner.tell("This body is kept. Pin its joints, or paint, and ask again.", seconds=3)

    # --- what commands ask ----------------------------------------------------------------------

    def needs_pose(self) -> str | None:
        """Why a command about joints cannot run."""
        if self._window.document is None:
            return self._window.needs_document()
        return None if self.front is not None else NO_POSE

    def needs_joint(self) -> str | None:
        """Why a command about one joint cannot run."""
        return self.needs_pose() or (None if self._joint is not None else NO_JOINT)

    def needs_people(self) -> str | None:
        """Why there is nobody else to choose."""
        document = self.document
        if document is None:
            return self.needs_pose()
        from maskstudio.documents.pose_people import began_with_joints

        return None if began_with_joints(document) else NO_PEOPLE

    def needs_pins(self) -> str | None:
        """Why there is nothing to unpin."""
        document = self.document
        return self.needs_pose() or (None if document is not None and document.pins else NO_PINS)

    def needs_body(self) -> str | None:
        """Why there is no body to let go of."""
        document = self.document
        kept = document is not None and document.body is not None
        return self.needs_pose() or (None if kept else "No body is kept: choose one and press Enter")

    @property
    def _joint(self) -> str | None:
        return self.front.joint if self.front is not None else None


def _photo_of(document: Document) -> str:
    """Where the picture of a document was read from; empty where nobody knows."""
    from maskstudio.documents.pose_document import PoseDocument

    if isinstance(document, PoseDocument):
        return document.pose.photo
    if document.kind == "scene" or document.source_path is None:
        return ""
    return str(document.source_path)


def _can_let_go(document: PoseDocument) -> tuple[bool, bool]:
    """There are pins; a body is kept."""
    return bool(document.pins), document.body is not None


def person_box(size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Where a new person stands in a picture: x, y, width and height."""
    width, height = size
    tall = TALL * min(height, width / WIDE)
    return (width - WIDE * tall) / 2, (height - tall) / 2, WIDE * tall, tall
